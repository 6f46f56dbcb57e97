import { z } from 'zod'

/** The label of a node that names its host. */
export const HOST_LABEL = 'fleetfile.host'

/** The label of a node that gets no container of a service: its host is in quarantine. */
export const awayLabel = (service: string): string => `fleetfile.away.${service}`

const infoSchema = z.object({
  Swarm: z.object({
    NodeID: z.string().default(''),
    LocalNodeState: z.enum(['inactive', 'pending', 'active', 'error', 'locked']).catch('inactive'),
    ControlAvailable: z.boolean().default(false),
    Error: z.string().default(''),
    RemoteManagers: z
      .array(z.object({ Addr: z.string() }))
      .nullable()
      .default(null),
  }),
})

/** What a host's engine says of its own part in a swarm. */
export interface SwarmMember {
  /** Empty outside of a swarm. */
  readonly nodeId: string
  readonly state: 'inactive' | 'pending' | 'active' | 'error' | 'locked'
  /** A manager that can act: there is a leader. */
  readonly controls: boolean
  /** `address:port` of the managers that it knows. */
  readonly managers: readonly string[]
  readonly error: string
}

/** Reads `/info`; undefined when it is none. */
export function parseMember(body: unknown): SwarmMember | undefined {
  const { data } = infoSchema.safeParse(body)
  if (data === undefined) return undefined
  const { NodeID, LocalNodeState, ControlAvailable, RemoteManagers, Error: error } = data.Swarm
  return {
    nodeId: NodeID,
    state: LocalNodeState,
    controls: ControlAvailable,
    managers: (RemoteManagers ?? []).map(({ Addr }) => Addr),
    error,
  }
}

const nodeSchema = z.object({
  ID: z.string(),
  Version: z.object({ Index: z.number() }),
  Spec: z.object({
    Role: z.enum(['manager', 'worker']),
    Availability: z.enum(['active', 'pause', 'drain']),
    Labels: z.record(z.string(), z.string()).nullable().default(null),
    Name: z.string().exactOptional(),
  }),
  Status: z.object({ State: z.string() }),
  ManagerStatus: z
    .object({ Leader: z.boolean().default(false), Reachability: z.string().default('unknown') })
    .exactOptional(),
})

/** A node as the managers see it. */
export interface SwarmNode {
  readonly id: string
  /** What a change of it must name. */
  readonly version: number
  readonly role: 'manager' | 'worker'
  readonly availability: 'active' | 'pause' | 'drain'
  readonly labels: Readonly<Record<string, string>>
  /** `ready`, `down`, `disconnected`, `unknown`. */
  readonly state: string
  readonly leader: boolean
  /** Of a manager: whether it takes part in their votes. */
  readonly reachable: boolean
  readonly name: string | undefined
}

/** Reads `/nodes`; undefined when it is no list of nodes. */
export function parseNodes(body: unknown): readonly SwarmNode[] | undefined {
  const { data } = z.array(nodeSchema).safeParse(body)
  return data?.map(({ ID, Version, Spec, Status, ManagerStatus }) => ({
    id: ID,
    version: Version.Index,
    role: Spec.Role,
    availability: Spec.Availability,
    labels: Spec.Labels ?? {},
    state: Status.State,
    leader: ManagerStatus?.Leader ?? false,
    reachable: ManagerStatus?.Reachability === 'reachable',
    name: Spec.Name,
  }))
}

/** What `/nodes/<id>/update` wants: a node's whole wanted state. */
export const nodeSpec = (node: SwarmNode, change: Partial<Pick<SwarmNode, 'role' | 'labels'>>) => ({
  ...(node.name === undefined ? {} : { Name: node.name }),
  Role: change.role ?? node.role,
  Availability: node.availability,
  Labels: change.labels ?? node.labels,
})
