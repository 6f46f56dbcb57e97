import { containerState, envAndLogs, healthCommand } from '../container/health-script.ts'
import { readHealth } from '../container/health-report.ts'
import { LAST_LINES } from '../container/unhealthy.ts'
import { HealthError, HostsFailedError, messageOf, type HostFailure } from '../errors.ts'
import type { Slot } from '../swap/slot.ts'
import type { ContainerTarget, Opened } from '../swap/swap-target.ts'
import { containerName } from '../container/slot.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { sanitise } from '../text/sanitise.ts'
import { sshLine } from '../transport/endpoint.ts'
import { suspects, unplaced, type Progress } from './progress.ts'
import type { SwarmService, SwarmTask } from './view.ts'

/** What is to be known of a container that has ended, in the health command's form. Its port may be another's by now. */
const autopsy = (container: string): Command => sh`c=${container}
state=$(docker container inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.RestartCount}} 0' "$c" 2>/dev/null) || state='missing 0 false 0 0'
echo '== code 000'; echo '== curl 7'; echo "== state $state"
${rawShell(envAndLogs('docker', container).text)}`

/**
 * Throws a HealthError for each host whose container does not come up, as a HostsFailedError: the reason in plain words,
 * with the last lines of the program. One HealthError where no host has any.
 */
export async function explainFailure(
  swap: Opened<ContainerTarget>,
  slot: Slot,
  service: Pick<SwarmService, 'tasks'>,
  { run, path }: { readonly run: string; readonly path: string },
  { reason }: Progress,
): Promise<never> {
  const { ctx, target } = swap
  const name = containerName(target.name, slot)
  const found = suspects(service, run)
  const failures: HostFailure[] = []
  for (const task of found) {
    failures.push({ host: task.host, error: await explainTask(swap, slot, task, path) })
  }
  if (failures.length > 0) throw new HostsFailedError(failures, target.hosts.length)
  const [homeless] = unplaced(service, run)
  const why = homeless === undefined ? reason : `no place for it: ${homeless.error}`
  const first = target.hosts[0]
  ctx.phase(`${name} does not come up`)
  throw new HealthError(
    `${name}: ${sanitise(why, 'lines').trim() || 'its containers do not become healthy'}`,
    first === undefined ? {} : { hint: sshLine(first.target, `docker service ps --no-trunc ${name}`) },
  )
}

async function explainTask(
  { ctx, target, limits }: Opened<ContainerTarget>,
  slot: Slot,
  task: SwarmTask,
  path: string,
): Promise<Error> {
  const { name, service } = target
  const host = target.hosts.find(each => each.name === task.host)
  const told = sanitise(task.error, 'lines').trim()
  if (host === undefined) return new HealthError(told, { host: task.host })
  const hint = sshLine(host.target, `docker service ps --no-trunc ${containerName(name, slot)}`)
  const details = { host: host.name, hint }
  if (task.container === '') return new HealthError(`Swarm could not start it: ${told}`, details)
  const isEnded = task.state !== 'starting'
  const probe = {
    state: containerState('docker', task.container),
    said: envAndLogs('docker', task.container),
    address: host.address,
    port: service.slots[slot],
    path,
    name: service.proxy.names[0] ?? 'localhost',
    seconds: 0,
  }
  try {
    const command = isEnded ? autopsy(task.container) : healthCommand(probe)
    const { stdout } = await ctx.on(host).read(command, { root: true, timeout: 30_000 })
    const { healthy, reason, logs } = readHealth(stdout.toString('utf8'), service.port)
    const gone = isEnded && reason === 'the container is gone'
    const why = healthy
      ? `its own check in the container did not pass within ${limits.healthSeconds} seconds`
      : gone && told !== ''
        ? told
        : reason
    const text = `${containerName(name, slot)} is not healthy at ${path}: ${why}`
    return new HealthError(logs === '' ? text : `${text}\n${LAST_LINES}\n${logs}`, details)
  } catch (error) {
    return new HealthError(
      `${told || 'not healthy'} (and could not be asked why: ${messageOf(error)})`,
      details,
    )
  }
}
