import { spawnSync } from 'node:child_process'
import type { WriteStep } from '../../lib/resource/resource.ts'
import { writeCode, WROTE } from '../../lib/resource/writer.ts'
import { folder } from './folder.ts'

export interface Written {
  /** Of the last step that ended. */
  readonly code: number
  /** What was said besides, then how it ended and how many steps have changed something. */
  readonly said: string
}

/** Takes steps that write files on this machine, with a real writer and without the engine around it. */
export function writeFiles(
  steps: readonly WriteStep[],
  { state = folder(), rewrite = (code: string) => code, marks = [] as readonly string[] } = {},
): Written {
  const nonce = 'fleetfile-test'
  const [first, ...rest] = steps.map((step, index) => ({ resource: 'file', step, marks, index }))
  if (first === undefined) throw new RangeError('no step')
  const script = `set -u
nonce=${nonce} state=${state} folder=${state} changed=0 outcome=changed failed=
clock() { now=0; }
end() { say end "$*"; outcome=failed failed=$3; }
say() { printf '\\n%s %s\\n' "$nonce" "$*"; }
${WROTE}
main() {
${rewrite(writeCode([first, ...rest], nonce))}
}
main
printf '%s\\n' "$outcome $changed $failed"`
  const { stdout, stderr } = spawnSync('/bin/sh', { input: script, encoding: 'utf8', cwd: '/' })
  const code = Number([...stdout.matchAll(/^fleetfile-test end \d+ (\d+)/gm)].at(-1)?.[1] ?? -1)
  const said = stdout.split('\n').filter(line => line !== '' && !line.startsWith(nonce))
  return { code, said: `${said.join('\n').trim()}${stderr}` }
}
