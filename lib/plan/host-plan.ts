import { createHash } from 'node:crypto'
import type { PlannedChange } from '../events/event.ts'
import { planResources } from '../resource/look.ts'
import type { HostPlan } from '../resource/plan.ts'
import type { Resource, Step } from '../resource/resource.ts'
import { Secret } from '../shell/secret.ts'
import type { Transport } from '../transport/transport.ts'
import { fileDiff } from './file-diff.ts'
import { presentFiles } from './present-files.ts'

/** What would change on a host, and a hash of how: equal hashes mean that the very same would be done. */
export interface PlannedHost {
  readonly changes: readonly PlannedChange[]
  readonly notes: readonly string[]
  readonly hash: string
  /** Every step of it. */
  readonly plan: HostPlan
}

/** A secret counts by its masked form only: a hash of a short one could be guessed. */
const stdinOf = ({ stdin }: Step): string => {
  if (stdin instanceof Uint8Array) return createHash('sha256').update(stdin).digest('hex')
  return stdin instanceof Secret ? `secret ${String(stdin)}` : `text ${stdin ?? ''}`
}

/** Hash of what people are shown and of every step behind it. */
export function hashOf(
  changes: readonly PlannedChange[],
  plan: Pick<HostPlan, 'items' | 'handlers'>,
): string {
  const hash = createHash('sha256')
  const add = (...parts: readonly string[]) => hash.update(`${JSON.stringify(parts)}\n`)
  for (const { resource, action, detail, diff = '' } of changes) add(resource, action, detail, diff)
  for (const { steps } of plan.items) {
    for (const step of steps) {
      const does = 'script' in step ? step.script : JSON.stringify(step.write)
      add(step.title, does, stdinOf(step), String(step.timeout ?? ''))
    }
  }
  for (const { id, script, timeout } of plan.handlers) add(id, script, String(timeout ?? ''))
  return hash.digest('hex')
}

/** Puts the diffs of the files that change to the changes. One execution, none when no file does. */
async function withDiffs(
  transport: Transport,
  resources: readonly Resource[],
  changes: readonly PlannedChange[],
  limit: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<readonly PlannedChange[]> {
  const byId = new Map(resources.map(resource => [resource.id, resource]))
  const bodies = new Map(
    changes.flatMap(({ resource }) => {
      const found = byId.get(resource)
      const body = found?.kind.body?.(found.wanted)
      return body === undefined ? [] : [[resource, body] as const]
    }),
  )
  if (bodies.size === 0) return changes
  const ids = [...bodies.keys()]
  const present = await presentFiles(
    transport,
    [...bodies.values()].map(({ path }) => path),
    limit,
  )
  return Promise.all(
    changes.map(async change => {
      const body = bodies.get(change.resource)
      const diff = body && (await fileDiff(body, present[ids.indexOf(change.resource)]))
      return diff === undefined ? change : { ...change, diff }
    }),
  )
}

/** Plans one host and changes nothing: one execution, and one more when files differ. */
export async function planOneHost(
  transport: Transport,
  resources: readonly Resource[],
  limit: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<PlannedHost> {
  const plan = await planResources(transport, resources, limit)
  const changes = await withDiffs(transport, resources, plan.changes, limit)
  return { plan, changes, notes: plan.notes, hash: hashOf(changes, plan) }
}
