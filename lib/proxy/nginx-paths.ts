/** Where nginx keeps what must survive it, and where it answers about itself. The same paths as in its configuration. */
export const NGINX_PATHS = {
  config: '/etc/nginx/nginx.conf',
  /** A folder for each service: its slots, the groups of servers that nginx knows, and what serves. */
  home: '/var/lib/nginx/fleet',
  /** While this file is there, answers end their connection. */
  closing: '/run/fleetfile-nginx.closing',
  /** A folder with the maintenance page of each service. */
  pages: '/etc/nginx/maintenance',
  /** Before a service's name: the socket on which held requests wait. */
  hold: '/run/fleetfile-nginx.hold-',
  reload: '/usr/local/lib/fleetfile/nginx-reload',
  /** Asked on the loopback for what nginx itself takes to be live. */
  host: 'live.fleetfile.invalid',
} as const

/** The folder that holds the states of a service and the link to the live one. */
export const nginxHome = (service: string): string => `${NGINX_PATHS.home}/${service}`

/** Every request to a service, with the servers that it was tried on; counted from here. */
export const nginxLog = (service: string): string => `/var/log/nginx/fleet-${service}.log`
