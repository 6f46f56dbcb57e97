import { containerName } from '../container/slot.ts'
import { sh } from '../shell/sh.ts'
import { sanitise } from '../text/sanitise.ts'
import type { Slot } from './slot.ts'
import type { ContainerTarget, Opened } from './swap-target.ts'

/** What a host says of a slot: whether it runs, with which exit code it ended last, and for how long it runs. */
interface Age {
  readonly running: boolean
  readonly exitCode: string
  readonly milliseconds: number
}

/** Reads `<running> <exit code> <milliseconds>`; undefined when there is no such container. */
export function parseAge(line: string): Age | undefined {
  const [, running, exitCode = '', age] = /^(true|false) (-?\d+) (-?\d+)$/.exec(line.trim()) ?? []
  return running === undefined
    ? undefined
    : { running: running === 'true', exitCode, milliseconds: Number(age) }
}

/**
 * Why a slot that serves for so many `milliseconds` has not run all this time: the engine starts a program that crashes
 * again within a second, so that a proxy which repeats its requests may never see it. Undefined when it has run, and
 * for a host that does not say. Each host compares by its own clock.
 */
export async function restarted(
  { ctx, target }: Opened<ContainerTarget>,
  slot: Slot,
  milliseconds: number,
): Promise<string | undefined> {
  const { name, hosts, service } = target
  const { engine = 'docker' } = service
  const container = containerName(name, slot)
  const format = '{{.State.Running}} {{.State.ExitCode}} {{json .State.StartedAt}}'
  const command = sh`set -- $(${engine} container inspect --format ${format} ${container} | tr -d '"')
echo "$1 $2 $(( $(date +%s%3N) - $(date -d "$3" +%s%3N) ))"`
  const ages = await ctx.each(hosts, host =>
    ctx
      .on(host)
      .read(command, { root: true, anyExitCode: true })
      .then(
        ({ stdout }) => parseAge(sanitise(stdout.toString('utf8'))),
        () => undefined,
      ),
  )
  const fallen = hosts.flatMap(host => {
    const age = ages.get(host.name)
    if (age === undefined || (age.running && age.milliseconds >= milliseconds)) return []
    return [age.running ? `${host.name} (restarted)` : `${host.name} (exit code ${age.exitCode})`]
  })
  return fallen.length === 0 ? undefined : `${container} has crashed since it serves on ${fallen.join(', ')}`
}
