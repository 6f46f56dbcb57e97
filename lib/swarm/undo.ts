import { containerName } from '../container/slot.ts'
import { pause } from '../rollout/pause.ts'
import type { Slot } from '../swap/slot.ts'
import type { ContainerTarget, Opened } from '../swap/swap-target.ts'
import { tellEngine } from './engine-api.ts'
import { askManagers } from './manager.ts'
import { pruneSecrets } from './parts.ts'

/** How long Swarm is waited for while it puts a slot back. */
const ROLLBACK_SECONDS = 30

/** States of an update in which nothing more happens by itself. */
const isSettled = (update: string): boolean => !/^(updating|rollback_started)$/.test(update)

/**
 * Takes a release away that has not come up: Swarm puts the slot back to what it was, unless it has begun to by itself; a
 * slot that was nothing before is removed. Waits for the end of it. `run` is how the release was to be started.
 */
export async function undoInSwarm(
  { ctx, target }: Opened<ContainerTarget>,
  slot: Slot,
  run: string,
): Promise<void> {
  const name = containerName(target.name, slot)
  const { manager, view } = await askManagers(ctx, target.name, target.hosts)
  const service = view.slots[slot]
  if (service === undefined) return
  if (service.labels['fleetfile.run'] === run) {
    if (!service.hasPrevious) {
      await tellEngine(
        ctx.on(manager),
        `cannot remove ${name}`,
        `/services/${service.id}`,
        undefined,
        'DELETE',
      )
      return
    }
    const path = `/services/${service.id}/update?version=${service.version}&rollback=previous`
    await tellEngine(ctx.on(manager), `cannot roll ${name} back`, path, service.spec)
  }
  const until = performance.now() + ROLLBACK_SECONDS * 1000
  for (;;) {
    const current = await askManagers(ctx, target.name, target.hosts)
    const now = current.view.slots[slot]
    if (now === undefined || isSettled(now.update) || performance.now() > until) {
      const label = now?.labels['fleetfile.label'] ?? 'nothing'
      ctx.note(`Swarm has put ${name} back to ${label}`)
      await pruneSecrets(ctx.on(current.manager), target.name, current.view).catch(() => undefined)
      return
    }
    await pause(500, ctx.signal)
  }
}
