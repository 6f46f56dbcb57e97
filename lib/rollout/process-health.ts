import { HealthError } from '../errors.ts'
import type { ProcessService } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { sh, type Command } from '../shell/sh.ts'
import { lastLines } from '../text/last-lines.ts'
import { sshLine } from '../transport/endpoint.ts'
import type { TaskContext } from '../task/context.ts'
import { RUN_SERVICE, serviceUser } from './processes.ts'

/** Seconds for which a service is asked whether it is well, unless it says another number. */
export const HEALTH_SECONDS = 30

/** What the last try printed, after its exit code. */
const ANSWER = 'fleetfile: health'

/** The health command of a service, as its user, in its live release, with its environment. */
const asService = (service: string, command: string): Command =>
  sh`runuser -u ${serviceUser(service)} -- ${RUN_SERVICE} ${service} sh -c ${command}`

/**
 * Asks on the host itself, in one execution, until the command ends with 0 or the time is up. The time is that of the
 * kernel since it booted, which no clock that is set changes.
 */
export const processHealthCommand = (service: string, command: string, seconds: number): Command =>
  sh`set -u; cd /
now() { cut -d. -f1 /proc/uptime; }
end=$(( $(now) + ${seconds} ))
while :; do
  left=$(( end - $(now) )); [ "$left" -gt 0 ] || left=1
  said=$(timeout --kill-after=5 "$left" ${asService(service, command)} 2>&1 </dev/null); code=$?
  [ "$code" -ne 0 ] && [ "$(now)" -lt "$end" ] || break
  sleep 1
done
echo ${ANSWER} "$code"; [ "$code" -eq 0 ] || printf '%s\n' "$said" | tail -c 4000`

/** The exit code of the last try (124: it took too long), and what it printed. */
export function readProcessHealth(output: string): { readonly code: number; readonly said: string } {
  const at = output.indexOf(`${ANSWER} `)
  const [head = '', ...rest] = output.slice(Math.max(0, at)).split('\n')
  return { code: at < 0 ? -1 : Number(head.slice(ANSWER.length + 1)), said: rest.join('\n') }
}

/** Returns when the service is well on the host; throws a HealthError with what its health command said. */
export async function checkProcessHealth(
  ctx: Pick<TaskContext, 'on' | 'emit'>,
  host: FleetHost,
  name: string,
  { health, healthSeconds = HEALTH_SECONDS }: Pick<ProcessService, 'health' | 'healthSeconds'>,
): Promise<void> {
  if (health === undefined) return
  const command = processHealthCommand(name, health, healthSeconds)
  const { stdout } = await ctx.on(host).read(command, { root: true, timeout: (healthSeconds + 30) * 1000 })
  const { code, said } = readProcessHealth(stdout.toString('utf8'))
  if (code === 0) return
  const how = code === 124 ? 'did not end' : `ended with exit code ${code}`
  const reason = `${name} is not healthy after ${healthSeconds} s: its health command ${how}`
  ctx.emit({ type: 'host-ended', host: host.name, outcome: 'failed', changed: 0, reason })
  const lines = lastLines(said, { width: 300 }).map(line => `\n${line}`)
  throw new HealthError(`${reason}${lines.join('')}`, {
    host: host.name,
    hint: sshLine(host.target, asService(name, health).text),
  })
}
