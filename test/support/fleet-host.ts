import type { FleetHost } from '../../lib/fleet/resolved.ts'

/** A resolved host, as a run has it. */
export const fleetHost = (
  name: string,
  role: string,
  address: string,
  more: Partial<FleetHost['target']> = {},
): FleetHost => ({
  name,
  role,
  address,
  firstUser: 'root',
  target: { name, address, port: 22, user: 'deploy', hostKeys: [], ...more },
})
