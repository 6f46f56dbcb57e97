import { HAPROXY_PATHS } from '../proxy/haproxy-paths.ts'
import { adminOf } from '../proxy/haproxy-state.ts'
import { NGINX_PATHS } from '../proxy/nginx-paths.ts'
import { TRAFFIC_SERVER_PATHS } from '../proxy/traffic-server-paths.ts'
import { UsageError } from '../errors.ts'
import { serverName } from '../proxy/proxy.ts'
import { SLOTS } from '../swap/slot.ts'
import { rawShell, sh } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'

/**
 * Names of `backend/server` that take new requests, from `show servers state` of any version and from what other
 * proxies were told last (`told service server admin`). Pure.
 */
export function readyServers(output: string): readonly string[] {
  const lines = output.split('\n')
  const columns =
    lines
      .find(line => line.startsWith('# be_id'))
      ?.slice(2)
      .split(' ') ?? []
  return lines.flatMap(line => {
    const values = line.split(' ')
    const [program, service = '', server = '', admin] = values
    if (program === 'told') return admin === 'ready' ? [`${service}/${server}`] : []
    const of = (name: string): string => values[columns.indexOf(name)] ?? ''
    const isReady = /^\d+ /.test(line) && adminOf(Number(of('srv_admin_state'))) === 'ready'
    return isReady ? [`${of('be_name')}/${of('srv_name')}`] : []
  })
}

const ASK = rawShell(
  `for home in ${NGINX_PATHS.home}/*/; do
  [ ! -f "$home/current/servers" ] || sed "s#^#told $(basename "$home") #" "$home/current/servers"
done
for home in ${TRAFFIC_SERVER_PATHS.home}/*/; do
  [ ! -f "$home/state" ] || awk -v service="$(basename "$home")" 'NF == 3 { print "told", service, $1, $3 }' "$home/state"
done
[ -S ${HAPROXY_PATHS.socket} ] || exit 0
echo 'show servers state' | socat -t 10 - UNIX-CONNECT:${HAPROXY_PATHS.socket}`,
)

/** Prints how many connections somebody has to each container's published ports. */
const connections = (names: readonly string[]) => sh`for name in ${names}; do
  count=0
  for port in $(docker port "$name" 2>/dev/null | sed 's/.*://' | sort -u); do
    count=$((count + $(ss -Htn state established "( sport = :$port )" | wc -l)))
  done
  echo "$name $count"
done`

/**
 * Throws a UsageError when one of these containers serves: a proxy of the fleet sends it requests, or somebody is
 * connected to it.
 */
export async function refuseServing(
  ctx: TaskContext,
  containers: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  const hosts = ctx.allHosts.filter(({ name }) => (containers.get(name) ?? []).length > 0)
  if (hosts.length === 0) return
  const [answers, counts] = await Promise.all([
    // Every host: a fleet file that no longer has the service may not know its proxy either.
    ctx.each(ctx.allHosts, async proxy =>
      (await ctx.on(proxy).read(ASK, { root: true })).stdout.toString('utf8'),
    ),
    ctx.each(hosts, async host => {
      const { stdout } = await ctx.on(host).read(connections(containers.get(host.name) ?? []), { root: true })
      return stdout.toString('utf8')
    }),
  ])
  const ready = new Set([...answers.values()].flatMap(readyServers))
  const issues = hosts.flatMap(({ name: host }) =>
    (containers.get(host) ?? []).flatMap(container => {
      const slot = SLOTS.find(each => container.endsWith(`-${each}`))
      const service = container.replace(/-(blue|green)$/, '')
      const line = counts
        .get(host)
        ?.split('\n')
        .find(each => each.startsWith(`${container} `))
      const open = Number(line?.split(' ')[1] ?? 0)
      if (slot !== undefined && ready.has(`${service}/${serverName(host, slot)}`)) {
        return [`${host}: container ${container} takes requests of ${service}`]
      }
      return open > 0 ? [`${host}: container ${container} has ${open} open connections`] : []
    }),
  )
  if (issues.length > 0) {
    throw new UsageError(['not removed: it serves', ...issues.map(issue => `  ${issue}`)].join('\n'), {
      hint: 'fleet deploy takes it out of a proxy that other services have; of its last one, stop the proxy there first',
    })
  }
}
