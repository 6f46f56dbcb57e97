import { spawnSync } from 'node:child_process'
import type { Change, Resource, Step } from '../../lib/resource/resource.ts'
import { Secret, revealed } from '../../lib/shell/secret.ts'
import { writeFiles } from './write-file.ts'

function run(script: string, stdin: Step['stdin'] = ''): string {
  const input = typeof stdin === 'string' || stdin instanceof Secret ? revealed(stdin) : stdin
  // A step reads a pipe, on a host as here; what Node gives is a socket.
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', 'cat | sh -c "$1"', 'sh', script], {
    input,
    encoding: 'utf8',
    cwd: '/',
  })
  if (status !== 0) throw new Error(`exit code ${status}\n${stdout}${stderr}`)
  return stdout
}

/** Throws with what a step said when it fails. */
export function take(step: Step, rewrite: (script: string) => string = script => script): void {
  if ('script' in step) {
    run(`set -eu\numask 022\n${rewrite(step.script)}`, step.stdin)
    return
  }
  const { code, said } = writeFiles([{ ...step, write: { ...step.write, path: rewrite(step.write.path) } }])
  if (code !== 0) throw new Error(`exit code ${code}\n${said}`)
}

/**
 * Brings one resource to its wanted state on this machine, with a real `/bin/sh` and without the engine around it.
 * `rewrite` moves absolute paths elsewhere. Undefined when it was as wanted.
 */
export function converge(
  { kind, wanted }: Resource,
  rewrite: (script: string) => string = script => script,
): Change | undefined {
  const [seen] = kind.parse(run(`set -u\n${rewrite(kind.observe([wanted]))}`), [wanted])
  const change = kind.diff(wanted, seen)
  if (change === undefined) return undefined
  for (const step of kind.act(wanted, seen)) take(step, rewrite)
  return change
}
