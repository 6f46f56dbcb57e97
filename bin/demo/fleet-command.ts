import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import type { FleetEvent } from '../../lib/events/event.ts'
import type { Stage } from './story.ts'

/** How a `fleet` command ended. */
export interface Ran {
  readonly exitCode: number
  readonly data: unknown
  /** Resources changed, over all hosts. */
  readonly changed: number
}

const shim = fileURLToPath(new URL('../../../bin/fleet.js', import.meta.url))

/** A line of `--json` output; undefined for anything else. */
function eventOf(line: string): FleetEvent | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function happening(event: FleetEvent): string | undefined {
  switch (event.type) {
    case 'phase':
      return event.title
    case 'step-started':
      return `${event.host}: ${event.step}`
    case 'progress':
      return event.text
    case 'note':
      return event.host === undefined ? event.text : `${event.host}: ${event.text}`
    default:
      return undefined
  }
}

/**
 * Runs the real command, as an operator would, and shows what it is at. Throws with the command's own words when its
 * exit code is another than 0 and not in `expected`.
 */
export async function fleet(
  stage: Stage,
  args: readonly string[],
  expected: readonly number[] = [0],
): Promise<Ran> {
  const child = execa(process.execPath, [shim, ...args, '--json'], {
    reject: false,
    stdin: 'ignore',
    buffer: { stdout: false },
  })
  let data: unknown
  let changed = 0
  let failure = ''
  for await (const line of child.iterable()) {
    const event = eventOf(line)
    if (event === undefined) continue
    const text = happening(event)
    if (text !== undefined) stage.now(`fleet ${args.join(' ')} · ${text}`)
    if (event.type === 'result') ({ data } = event)
    if (event.type === 'host-ended') changed += event.changed
    if (event.type === 'run-ended' && event.error !== undefined) failure = event.error.message
  }
  const { exitCode = 1, stderr } = await child
  if (!expected.includes(exitCode)) {
    throw new Error(`fleet ${args.join(' ')} ended with exit code ${exitCode}\n${failure || stderr}`)
  }
  return { exitCode, data, changed }
}
