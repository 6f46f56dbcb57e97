import type { FleetEvent } from '../../lib/events/event.ts'
import { applyResources, type HostReport } from '../../lib/resource/apply.ts'
import type { Resource } from '../../lib/resource/resource.ts'
import type { Transport } from '../../lib/transport/transport.ts'

/** Makes a host as wanted, as root and for a run of its own; what is said goes to `emit`. */
export const applyTo = (
  host: Transport,
  resources: readonly Resource[],
  { owner = 'tester', emit = () => undefined }: { owner?: string; emit?: (event: FleetEvent) => void } = {},
): Promise<HostReport> =>
  applyResources(host, resources, { mode: 'apply', root: true, runId: 'run-1', owner, emit })
