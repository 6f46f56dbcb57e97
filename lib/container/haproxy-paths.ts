/** Where HAProxy listens for commands and keeps what must survive it. The same paths as in its configuration. */
export const HAPROXY_PATHS = {
  socket: '/run/haproxy/admin.sock',
  state: '/var/lib/haproxy/server-state',
  /** What is shut or held: `web/maintenance on`, `web/hold <milliseconds since 1970>`. */
  map: '/var/lib/haproxy/fleet.map',
  lua: '/etc/haproxy/fleet.lua',
  pages: '/etc/haproxy/maintenance',
} as const

/** `say` sends HAProxy one line of commands and prints its answer. */
export const SAY = `say() { printf '%s\\n' "$1" | socat -t 10 - UNIX-CONNECT:${HAPROXY_PATHS.socket}; }`
