import type { Handler, Resource } from '../../lib/resource/resource.ts'
import type { ExecResult } from '../../lib/transport/transport.ts'
import type { Machine } from './machine.ts'
import { takeStep } from './take-step.ts'

/** Makes a machine as wanted, as the engine does, handlers last; gives what had to change. */
export async function converge(machine: Machine, resources: readonly Resource[]): Promise<readonly string[]> {
  const changed: string[] = []
  const handlers = new Map<string, Handler>()
  const good = async (title: string, running: Promise<ExecResult>) => {
    const { exitCode, stdout, stderr } = await running
    if (exitCode !== 0) throw new Error(`${title}: ${stderr.toString()}`)
    return stdout.toString()
  }
  for (const { id, kind, wanted, notify } of resources) {
    const output = await good(id, machine.sh(`set -u\n${kind.observe([wanted])}`))
    const [seen] = kind.parse(output, [wanted])
    if (kind.diff(wanted, seen) === undefined) continue
    changed.push(id)
    for (const step of kind.act(wanted, seen)) await good(step.title, takeStep(machine, step))
    for (const handler of notify) handlers.set(handler.id, handler)
  }
  for (const { id, script } of handlers.values()) await good(id, machine.sh(`set -eu\n${script}`))
  return changed
}
