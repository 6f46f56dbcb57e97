import { z } from 'zod'
import type { Machine, ProviderCall } from '../provider.ts'
import { docker } from './docker.ts'
import { LAB_LABEL, networkName } from './names.ts'

/** The labels from which a lab is read back: the engine itself remembers it, no file has to. */
export const HOST_LABEL = 'fleetfile.host'
export const ROLE_LABEL = 'fleetfile.role'
export const HOST_KEY_LABEL = 'fleetfile.hostkey'
export const KEYS_LABEL = 'fleetfile.authorized'

/** A host as the engine knows it. */
export interface LabMachine extends Machine {
  readonly container: string
  /** The container was made and never started: its making was broken off. */
  readonly unfinished: boolean
  /** Which keys were let in when it was made. */
  readonly authorized: string
}

const Inspected = z.array(
  z.object({
    Name: z.string(),
    State: z.object({ Status: z.string() }),
    Config: z.object({ Labels: z.record(z.string(), z.string()) }),
    NetworkSettings: z.object({
      Networks: z.record(
        z.string(),
        z.object({
          IPAMConfig: z.object({ IPv4Address: z.string().optional() }).nullish(),
          IPAddress: z.string(),
        }),
      ),
    }),
  }),
)

/** The hosts of a lab in the order of their addresses. */
export async function listMachines(lab: string, call: ProviderCall): Promise<readonly LabMachine[]> {
  const { signal } = call
  const ids = await docker(['ps', '-aq', '--filter', `label=${LAB_LABEL}=${lab}`], { signal })
  if (ids === '') return []
  const machines = parseMachines(lab, await docker(['inspect', ...ids.split('\n')], { signal }))
  return machines.toSorted((a, b) => a.address.localeCompare(b.address, 'en', { numeric: true }))
}

/** Reads what `docker inspect` printed. */
export function parseMachines(lab: string, json: string): LabMachine[] {
  return Inspected.parse(JSON.parse(json)).map(({ Name, State, Config, NetworkSettings }) => {
    const network = NetworkSettings.Networks[networkName(lab)]
    const label = (name: string): string => Config.Labels[name] ?? ''
    return {
      name: label(HOST_LABEL),
      role: label(ROLE_LABEL),
      container: Name.replace(/^\//, ''),
      address: network?.IPAMConfig?.IPv4Address ?? network?.IPAddress ?? '',
      state: stateOf(State.Status),
      firstUser: 'root',
      hostKeys: [label(HOST_KEY_LABEL)],
      unfinished: State.Status === 'created',
      authorized: label(KEYS_LABEL),
    }
  })
}

function stateOf(status: string): Machine['state'] {
  if (status === 'running' || status === 'paused') return status
  return 'stopped'
}

/** How many VPSes of all labs run on this engine. */
export async function countRunning(call: ProviderCall): Promise<number> {
  const ids = await docker(['ps', '-q', '--filter', `label=${LAB_LABEL}`], { signal: call.signal })
  return ids === '' ? 0 : ids.split('\n').length
}
