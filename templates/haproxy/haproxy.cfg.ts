import { text } from '../../lib/index.ts'

/** A service behind the proxy. */
export interface ProxiedService {
  /** The backend's name. */
  readonly name: string
  /** The names it is asked under. */
  readonly names: readonly string[]
  /** The path that answers 200 when a slot can take traffic, for slots that the map does not name. */
  readonly health: string
  /** A file with the path of each slot, by its server's name: two releases side by side may answer at different ones. */
  readonly healthMap: string
  /** Both slots of every host, `<host>-<slot>`, whichever serves. */
  readonly servers: readonly { readonly name: string; readonly address: string; readonly port: number }[]
}

export interface HaproxyConfig {
  readonly services: readonly ProxiedService[]
  /** PEM file with the key, the certificate and its chain. */
  readonly certificate: string
  readonly socket?: string
  readonly stateFile?: string
  /** The map that says what is shut or held, and the program that reads it. */
  readonly map?: string
  readonly lua?: string
  /** Seconds after which a reload ends the streams of the old process. */
  readonly hardStopSeconds?: number
}

/**
 * HAProxy 2.6 or later in front of services with two slots. The text is the same whichever slot serves: that is set
 * at run time and kept in the state file, so a swap needs no reload and a reload changes no slot.
 */
export function haproxyConfig(config: HaproxyConfig): string {
  const {
    services,
    certificate,
    socket = '/run/haproxy/admin.sock',
    stateFile = '/var/lib/haproxy/server-state',
    map = '/var/lib/haproxy/fleet.map',
    lua = '/etc/haproxy/fleet.lua',
    hardStopSeconds = 3600,
  } = config
  return text`# Written by fleet; changes here are overwritten.
global
    log /dev/log local0
    chroot /var/lib/haproxy
    user haproxy
    group haproxy
    stats socket ${socket} user root group haproxy mode 660 level admin expose-fd listeners
    stats timeout 30s
    server-state-file ${stateFile}
    hard-stop-after ${hardStopSeconds}s
    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
    tune.ssl.default-dh-param 2048
    lua-load-per-thread ${word(lua)}

defaults
    log global
    mode http
    option httplog
    option dontlognull
    option redispatch 1
    option idle-close-on-response
    retries 3
    retry-on conn-failure empty-response
    timeout connect 3s
    timeout client 60s
    timeout client-fin 10s
    timeout http-request 10s
    timeout http-keep-alive 15s
    timeout queue 10s
    timeout server 60s
    timeout tunnel 1h
    load-server-state-from-file global
    # A slot takes traffic only when a deploy says so. rise 1: the deploy has checked it already.
    default-server check inter 2s fastinter 500ms downinter 1s rise 1 fall 2 disabled

frontend http
    bind :80
    bind [::]:80 v6only
    http-request redirect scheme https code 308

frontend https
    bind :443 ssl crt ${word(certificate)} alpn h2,http/1.1
    bind [::]:443 v6only ssl crt ${word(certificate)} alpn h2,http/1.1
    unique-id-format %[uuid()]
    http-request set-header X-Request-Id %[unique-id]
    http-request set-header X-Forwarded-Proto https
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Forwarded-For %[src]
    http-response set-header X-Request-Id %[unique-id]
${services.map(({ name, names }) => `    use_backend ${word(name)} if { req.hdr(host),field(1,:),lower -m str ${names.map(item => word(item.toLowerCase())).join(' ')} }`).join('\n')}
    default_backend nobody

backend nobody
    http-request return status 421 content-type text/plain string "no service has this name"

${services.map(service => backend(service, word(map))).join('\n\n')}
`
}

function backend({ name, names, health, healthMap, servers }: ProxiedService, map: string): string {
  const [host = 'localhost'] = names
  const told = (what: string): string =>
    `{ str(${word(name)}/${what}),map_str(${map}) -m found } !{ path ${word(health.replace(/\?.*/, ''))} }`
  return text`backend ${word(name)}
    balance leastconn
    option httpchk
    http-check send meth GET uri-lf %[srv_name,map_str(${word(healthMap)},${word(health)})] ver HTTP/1.1 hdr Host ${word(host)} hdr X-Forwarded-Proto https hdr User-Agent haproxy-health
    http-check expect status 200
    http-request set-var(txn.fleet_service) str(${word(name)})
    http-request lua.fleet_hold ${word(name)} if ${told('hold')}
    http-request use-service lua.fleet_maintenance if ${told('maintenance')}
    # A request that may have changed something is not sent twice.
    http-request disable-l7-retry unless { method GET HEAD OPTIONS }
${servers.map(server => `    server ${word(server.name)} ${address(server.address)}:${server.port}`).join('\n')}`
}

const address = (value: string): string => (value.includes(':') ? `[${word(value)}]` : word(value))

/** A value as one word of the configuration; refuses what could become another directive. */
function word(value: string): string {
  if (!/^[\w./:?&=~%+@-]+$/.test(value))
    throw new TypeError(`${JSON.stringify(value)} cannot stand in haproxy.cfg`)
  return value
}
