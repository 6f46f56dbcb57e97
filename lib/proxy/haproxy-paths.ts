/** Where HAProxy listens for commands and keeps what must survive it. The same paths as in its configuration. */
export const HAPROXY_PATHS = {
  socket: '/run/haproxy/admin.sock',
  state: '/var/lib/haproxy/server-state',
  /** What is shut or held: `web/maintenance on`, `web/hold <milliseconds since 1970>`. */
  map: '/var/lib/haproxy/fleet.map',
  lua: '/etc/haproxy/fleet.lua',
  pages: '/etc/haproxy/maintenance',
} as const

/** The path of each slot's checks, one line `web1-blue /up` a slot: a map of HAProxy that changes while it runs. */
export const healthMap = (service: string): string => `/var/lib/haproxy/${service}.health`

/** Asks until it answers, for 5 s: a proxy that has died is started again by then. Whatever is said may be said twice. */
export const SAY = `ask() { printf '%s\\n' "$1" | socat -t 10 - UNIX-CONNECT:${HAPROXY_PATHS.socket}; }
say() {
  tries=0
  until answered=$(ask "$1" 2>/dev/null); do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || { ask "$1"; return; }
    sleep 0.1
  done
  printf '%s\\n' "$answered"
}`
