import { waitHealthy } from '../container/health.ts'
import { ConfigError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { quote } from '../shell/quote.ts'
import { editionOf, parseManifest } from '../release/manifest.ts'
import { checkProcessHealth } from '../rollout/process-health.ts'
import { sh } from '../shell/sh.ts'
import type { Manifests } from '../swap/slots.ts'
import type { Opened } from '../swap/swap-target.ts'
import { currentManifest } from './host-state.ts'
import type { PairTarget } from './pair-target.ts'
import { programPattern } from './programs.ts'

/**
 * Starts what does not run of the release that is on a host, and returns when the service is well there: by its own health
 * command, and as the proxies will ask it. Throws a ConfigError where the host holds another release by now.
 */
export async function startHost(
  { ctx, target, limits }: Opened<PairTarget>,
  host: FleetHost,
  manifests: Manifests,
): Promise<void> {
  const { name, service } = target
  const manifest = manifests.get(host.name)
  if (manifest === undefined) return
  const names = Object.keys(service.programs ?? {})
  const command = sh`[ ! -f ${currentManifest(name)} ] || base64 -w0 <${currentManifest(name)}
down=$(supervisorctl status 2>/dev/null | awk -v own=${programPattern(name, names)} '$1 ~ own && $2 != "RUNNING" && $2 != "STARTING" { print $1 }')
[ -z "$down" ] || supervisorctl start $down >&2`
  const { stdout } = await ctx.on(host).run(command, { root: true, anyExitCode: true })
  const held = parseManifest(Buffer.from(stdout.toString('utf8'), 'base64').toString('utf8'))
  if (held === undefined || editionOf(held) !== editionOf(manifest)) {
    const what = held === undefined ? 'half of another release' : `${held.label} (${held.release})`
    throw new ConfigError(`holds ${what} by now: ${manifest.label} (${manifest.release}) cannot be started`, {
      host: host.name,
      hint: `fleet swap ${name} --release ${quote(manifest.label)}`,
    })
  }
  ctx.phase(`Check ${name} on ${host.name}`)
  await checkProcessHealth(ctx, host, name, service)
  await waitHealthy(
    ctx,
    host,
    {
      what: name,
      inside: 'the host',
      // What its supervisor starts again is told by the sockets of the whole host.
      state: sh`echo running 0 false 0 1`,
      said: sh`echo '== logs'; tail -q -n 40 /var/log/supervisor/${name}-*.log 2>&1`,
      logs: sh`tail -n 100 /var/log/supervisor/${name}-*.log`.text,
      address: host.address,
      port: service.proxy.port,
      path: manifest.health ?? service.proxy.health,
      name: service.proxy.names[0] ?? 'localhost',
      seconds: limits.healthSeconds,
    },
    service.proxy.port,
  )
}
