import { spawnSync } from 'node:child_process'
import type { WriteStep } from '../../lib/resource/resource.ts'
import { writeCode, WROTE } from '../../lib/resource/writer.ts'
import { folder } from './folder.ts'

const NONCE = 'fleetfile-test'

export interface Written {
  /** Of the last step that ended. */
  readonly code: number
  /** What was said besides, then how it ended and how many steps have changed something. */
  readonly said: string
}

interface WriteOptions {
  readonly state?: string
  readonly rewrite?: (code: string) => string
  readonly marks?: readonly string[]
}

/** A program that takes steps which write files, without the engine around it; it fails where one of them does. */
export function writeProgram(
  steps: readonly WriteStep[],
  { state = '/nonexistent', rewrite = code => code, marks = [] }: WriteOptions = {},
): string {
  const [first, ...rest] = steps.map((step, index) => ({ resource: 'file', step, marks, index }))
  if (first === undefined) throw new RangeError('no step')
  return `set -u
nonce=${NONCE} state=${state} folder=${state} changed=0 outcome=changed failed=
clock() { now=0; }
end() { say end "$*"; outcome=failed failed=$3; }
say() { printf '\\n%s %s\\n' "$nonce" "$*"; }
${WROTE}
main() {
${rewrite(writeCode([first, ...rest], NONCE))}
}
main >&2
printf '%s\\n' "$outcome $changed $failed" >&2
[ "$outcome" = changed ]`
}

/** Takes such steps on this machine, with a real writer. */
export function writeFiles(steps: readonly WriteStep[], options: WriteOptions = {}): Written {
  const input = writeProgram(steps, { state: folder(), ...options })
  const { stderr } = spawnSync('/bin/sh', { input, encoding: 'utf8', cwd: '/' })
  const code = Number([...stderr.matchAll(/^fleetfile-test end \d+ (\d+)/gm)].at(-1)?.[1] ?? -1)
  const said = stderr.split('\n').filter(line => line !== '' && !line.startsWith(NONCE))
  return { code, said: said.join('\n').trim() }
}
