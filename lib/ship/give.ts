import { CommandError } from '../errors.ts'
import type { EngineName } from '../fleet/container-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { tail } from '../text/last-lines.ts'
import { LineSplitter } from '../text/line-splitter.ts'
import { giveScript } from './give-script.ts'
import type { Opening } from './receive-script.ts'
import type { PieceName } from './spool.ts'

/** A whole image that a host holds ready for another. */
export interface Given extends PieceName {
  readonly unpacked: number
  /** Its tag, or its id where it has none. */
  readonly tag: string
  /** Whether another host can fetch it there. */
  readonly gives: boolean
}

export interface GiveOptions {
  readonly service: string
  readonly engine: EngineName
  readonly image: string
  readonly opening: Opening
}

/** Lets a host hold an image ready until `release`, in one execution. */
export function give(
  ctx: RolloutContext,
  host: FleetHost,
  { service, engine, image, opening }: GiveOptions,
): { readonly given: Promise<Given>; release(): Promise<void> } {
  const leave = new AbortController()
  const splitter = new LineSplitter()
  let about: Omit<Given, 'gives'> | undefined
  let ready: (given: Given) => void = () => undefined
  const got = new Promise<Given>(resolve => (ready = resolve))
  const hear = (line: string) => {
    const [mark, word, first = '', second = '', third = '', tag = ''] = line.split(' ')
    if (mark !== 'fleet:') return
    if (word === 'piece') about = { digest: first, bytes: Number(second), unpacked: Number(third), tag }
    if (word === 'held' && about !== undefined) ready({ ...about, gives: first === '1' })
  }
  const running = (async () => {
    const transport = await ctx.on(host).transport()
    return transport.exec(giveScript(service, engine, image, opening).text, {
      root: true,
      stdin: until(leave.signal),
      signal: ctx.signal,
      discardStdout: true,
      onStdout: chunk => {
        for (const line of splitter.push(chunk)) hear(line)
      },
    })
  })()
  const ended = running.then(({ stderr }): never => {
    throw new CommandError(`cannot give ${image}${tail(stderr.toString('utf8'), { width: 300 })}`, {
      host: host.name,
    })
  })
  const over = () => leave.abort()
  void ended.then(over, over)
  return {
    given: Promise.race([got, ended]),
    release: async () => {
      leave.abort()
      await ended.catch(() => undefined)
    },
  }
}

/** An input without a byte that ends when it is told to. */
async function* until(leave: AbortSignal): AsyncGenerator<Uint8Array> {
  if (!leave.aborted) await new Promise(resolve => leave.addEventListener('abort', resolve, { once: true }))
  yield Buffer.alloc(0)
}
