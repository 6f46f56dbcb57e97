/** Where Traffic Server keeps what must survive it, and where it answers about itself. */
export const TRAFFIC_SERVER_PATHS = {
  config: '/etc/trafficserver',
  /** The program that says where each request goes. Its folder is root's, unlike the one of the configuration. */
  lua: '/usr/local/lib/fleetfile/trafficserver.lua',
  /** A folder for each service: its slots, what serves, and what is shut or held. */
  home: '/var/lib/fleetfile-trafficserver',
  /** A folder with the maintenance page of each service. */
  pages: '/usr/local/lib/fleetfile/trafficserver-maintenance',
  reload: '/usr/local/lib/fleetfile/trafficserver-reload',
  drain: '/usr/local/lib/fleetfile/trafficserver-drain',
  check: '/usr/local/lib/fleetfile/trafficserver-check',
  /** Asked on the loopback for what it takes to be live. */
  host: 'live.fleetfile.invalid',
} as const

export const trafficServerHome = (service: string): string => `${TRAFFIC_SERVER_PATHS.home}/${service}`
