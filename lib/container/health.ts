import { HealthError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { sshLine } from '../transport/endpoint.ts'
import { healthCommand, type HealthProbe } from './health-script.ts'
import { readHealth } from './health-report.ts'
import { LAST_LINES } from './unhealthy.ts'

/** Returns when the slot answers 200 to its own host; throws a HealthError that says why it does not. */
export async function waitHealthy(
  ctx: RolloutContext,
  host: FleetHost,
  probe: HealthProbe,
  inner: number,
): Promise<void> {
  const options = { root: true, timeout: (probe.seconds + 30) * 1000 }
  const { stdout } = await ctx.on(host).read(healthCommand(probe), options)
  const { healthy, reason, logs } = readHealth(stdout.toString('utf8'), inner, probe.inside)
  if (healthy) return
  throw new HealthError(
    `${probe.what} is not healthy at ${probe.path}: ${reason}${logs === '' ? '' : `\n${LAST_LINES}\n${logs}`}`,
    { host: host.name, hint: sshLine(host.target, probe.logs) },
  )
}
