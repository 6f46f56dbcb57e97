import type { Handler, Resource } from '../../lib/resource/resource.ts'
import { Secret } from '../../lib/shell/secret.ts'
import type { Machine } from './machine.ts'

/** Makes a machine as wanted, as the engine does, handlers last; gives what had to change. */
export async function converge(machine: Machine, resources: readonly Resource[]): Promise<readonly string[]> {
  const changed: string[] = []
  const handlers = new Map<string, Handler>()
  const run = async (title: string, script: string, stdin: string | Secret | Uint8Array = '') => {
    const input = stdin instanceof Secret ? stdin.reveal() : stdin
    const { exitCode, stdout, stderr } = await machine.sh(script, input)
    if (exitCode !== 0) throw new Error(`${title}: ${stderr.toString()}`)
    return stdout.toString()
  }
  for (const { id, kind, wanted, notify } of resources) {
    const [seen] = kind.parse(await run(id, `set -u\n${kind.observe([wanted])}`), [wanted])
    if (kind.diff(wanted, seen) === undefined) continue
    changed.push(id)
    for (const { title, script, stdin } of kind.act(wanted, seen))
      await run(title, `set -eu\numask 022\ncd /\n${script}`, stdin)
    for (const handler of notify) handlers.set(handler.id, handler)
  }
  for (const { id, script } of handlers.values()) await run(id, `set -eu\n${script}`)
  return changed
}
