import type { PlannedChange } from '../events/event.ts'
import { diffLines } from './diff-lines.ts'
import { paint, type Style } from './paint.ts'
import { sanitise } from '../text/sanitise.ts'

const STYLES: Readonly<Record<PlannedChange['action'], Style>> = {
  create: 'green',
  change: 'yellow',
  remove: 'red',
  run: 'cyan',
}

/** Holds what is planned until all hosts that agree can be shown in one line. */
export class PlanGroups {
  readonly #hosts = new Map<string, string[]>()
  readonly #changes = new Map<string, PlannedChange>()

  add(host: string, changes: readonly PlannedChange[]): void {
    for (const change of changes) {
      const key = JSON.stringify([change.resource, change.action, change.detail, change.diff])
      this.#changes.set(key, change)
      this.#hosts.set(key, [...(this.#hosts.get(key) ?? []), host])
    }
  }

  /**
   * `web1, web2: file /etc/x change 0644 -> 0600`, one line for each change, its diff beneath; then nothing is held any
   * more.
   */
  take(colour: boolean): readonly string[] {
    const lines = [...this.#changes].flatMap(([key, { resource, action, detail, diff }]) => {
      const hosts = (this.#hosts.get(key) ?? []).map(host => sanitise(host)).join(', ')
      const rest = detail === '' ? '' : ` ${sanitise(detail)}`
      const line = `${hosts}: ${sanitise(resource)} ${paint(STYLES[action], action, colour)}${rest}`
      return [line, ...diffLines(diff ?? '', colour)]
    })
    this.#hosts.clear()
    this.#changes.clear()
    return lines
  }
}
