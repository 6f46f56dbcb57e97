import { z } from 'zod'
import { containerName } from '../container/slot.ts'
import { SLOTS, type Slot } from '../swap/slot.ts'
import type { Answer } from './engine-api.ts'
import { HOST_LABEL, parseNodes, type SwarmNode } from './node.ts'

const labels = z.record(z.string(), z.string()).nullable().default(null)

const serviceSchema = z.object({
  ID: z.string(),
  Version: z.object({ Index: z.number() }),
  Spec: z.object({
    Labels: labels,
    Mode: z.object({ Replicated: z.object({ Replicas: z.number() }).exactOptional() }),
  }),
  PreviousSpec: z.object({ Labels: labels }).exactOptional(),
  UpdateStatus: z.object({ State: z.string().default(''), Message: z.string().default('') }).exactOptional(),
})

const taskSchema = z.object({
  ID: z.string(),
  CreatedAt: z.string(),
  Slot: z.number().default(0),
  NodeID: z.string().default(''),
  DesiredState: z.string(),
  Spec: z.object({ ContainerSpec: z.object({ Labels: labels }).exactOptional() }),
  Status: z.object({
    State: z.string(),
    Err: z.string().default(''),
    ContainerStatus: z.object({ ContainerID: z.string().default('') }).exactOptional(),
  }),
})

/** A container that a swarm runs, is about to run, or has run. */
export interface SwarmTask {
  readonly id: string
  readonly created: number
  /** The host's name; empty while it has no place. */
  readonly host: string
  /** What the swarm wants of it: `running`, `shutdown`. */
  readonly desired: string
  /** What it is: `pending`, `starting`, `running`, `failed`, `rejected`, `complete`... */
  readonly state: string
  readonly error: string
  /** The container's name on its host; empty before there is one. */
  readonly container: string
  readonly run: string
}

/** The service of one slot, as the managers see it. */
export interface SwarmService {
  readonly id: string
  readonly version: number
  readonly labels: Readonly<Record<string, string>>
  /** How many containers are wanted. */
  readonly replicas: number
  /** `updating`, `completed`, `rollback_completed`...; empty when it was never updated. */
  readonly update: string
  readonly updateMessage: string
  readonly hasPrevious: boolean
  /** Its specification as the engine gave it, to be given back. */
  readonly spec: unknown
  /** What it was before the last update, in the same form. */
  readonly previous: unknown
  /** The newest first. */
  readonly tasks: readonly SwarmTask[]
}

/** A service's two slots in its swarm. */
export interface SwarmView {
  readonly nodes: readonly SwarmNode[]
  readonly slots: Readonly<Record<Slot, SwarmService | undefined>>
}

/** What a manager is asked for a service. */
export const viewPaths = (service: string): readonly string[] => [
  '/nodes',
  ...SLOTS.map(slot => `/services/${containerName(service, slot)}`),
  `/tasks?filters=${encodeURIComponent(JSON.stringify({ label: [`fleetfile.service=${service}`] }))}`,
]

/** As Swarm names a task's container. */
const nameOf = (
  { Slot: number, ID }: z.output<typeof taskSchema>,
  { 'fleetfile.service': service = '', 'fleetfile.slot': slot = '' }: Readonly<Record<string, string>>,
): string => `${service}-${slot}.${number}.${ID}`

/** Reads its answers; undefined when it is no manager, or one without a leader. */
export function parseView(answers: readonly Answer[]): SwarmView | undefined {
  const [nodes, blue, green, tasks] = answers
  const list = nodes?.status === 200 ? parseNodes(nodes.body) : undefined
  const found = z.array(taskSchema).safeParse(tasks?.body).data
  if (list === undefined || found === undefined) return undefined
  const hosts = new Map(list.map(({ id, labels: of }) => [id, of[HOST_LABEL] ?? '']))
  const all = found.map((task): SwarmTask & { readonly slot: string } => {
    const of = task.Spec.ContainerSpec?.Labels ?? {}
    return {
      id: task.ID,
      created: Date.parse(task.CreatedAt),
      host: hosts.get(task.NodeID) ?? '',
      desired: task.DesiredState,
      state: task.Status.State,
      error: task.Status.Err,
      container: (task.Status.ContainerStatus?.ContainerID ?? '') === '' ? '' : nameOf(task, of),
      run: of['fleetfile.run'] ?? '',
      slot: of['fleetfile.slot'] ?? '',
    }
  })
  const slotOf = (slot: Slot, answer: Answer | undefined): SwarmService | undefined => {
    const { data } = serviceSchema.safeParse(answer?.status === 200 ? answer.body : undefined)
    return data === undefined
      ? undefined
      : {
          id: data.ID,
          version: data.Version.Index,
          labels: data.Spec.Labels ?? {},
          replicas: data.Spec.Mode.Replicated?.Replicas ?? 0,
          update: data.UpdateStatus?.State ?? '',
          updateMessage: data.UpdateStatus?.Message ?? '',
          hasPrevious: data.PreviousSpec !== undefined,
          ...rawSpecs(answer?.body),
          tasks: all.filter(task => task.slot === slot).toSorted((a, b) => b.created - a.created),
        }
  }
  return { nodes: list, slots: { blue: slotOf('blue', blue), green: slotOf('green', green) } }
}

const rawSchema = z.object({ Spec: z.unknown().optional(), PreviousSpec: z.unknown().optional() })

function rawSpecs(body: unknown): Pick<SwarmService, 'spec' | 'previous'> {
  const { data } = rawSchema.safeParse(body)
  return { spec: data?.Spec, previous: data?.PreviousSpec }
}

/** Containers that run, and that the swarm wants to run, of one way to start them. */
export const runningTasks = ({ tasks }: Pick<SwarmService, 'tasks'>, run: string): readonly SwarmTask[] =>
  tasks.filter(task => task.run === run && task.desired === 'running' && task.state === 'running')
