import type { FleetEvent, PlannedChange } from '../events/event.ts'
import { diffLines } from './diff-lines.ts'
import { paint, type Style } from './paint.ts'
import { sanitise } from '../text/sanitise.ts'

const STYLES: Readonly<Record<PlannedChange['action'], Style>> = {
  create: 'green',
  change: 'yellow',
  remove: 'red',
  run: 'cyan',
}

const listed = (hosts: readonly string[]): string => hosts.map(host => sanitise(host)).join(', ')

function name(groups: Map<string, string[]>, key: string, host: string): void {
  const hosts = groups.get(key)
  // A host is looked at twice where a run has several turns.
  if (hosts === undefined) groups.set(key, [host])
  else if (!hosts.includes(host)) hosts.push(host)
}

/** Holds what is planned until all hosts that agree can be shown in one line. */
export class PlanGroups {
  readonly #notes = new Map<string, string[]>()
  readonly #hosts = new Map<string, string[]>()
  readonly #changes = new Map<string, PlannedChange>()

  add({ host, changes, notes = [] }: Extract<FleetEvent, { readonly type: 'host-planned' }>): void {
    for (const note of notes) name(this.#notes, note, host)
    for (const change of changes) {
      const key = JSON.stringify([change.resource, change.action, change.detail, change.diff])
      this.#changes.set(key, change)
      name(this.#hosts, key, host)
    }
  }

  /**
   * The notes, then `web1, web2: file /etc/x change 0644 -> 0600`, one line for each change, its diff beneath; then
   * nothing is held any more.
   */
  take(colour: boolean): readonly string[] {
    const notes = [...this.#notes].map(([note, hosts]) => `${listed(hosts)}: ${sanitise(note)}`)
    const lines = [...this.#changes].flatMap(([key, { resource, action, detail, diff }]) => {
      const rest = detail === '' ? '' : ` ${sanitise(detail)}`
      const hosts = listed(this.#hosts.get(key) ?? [])
      const line = `${hosts}: ${sanitise(resource)} ${paint(STYLES[action], action, colour)}${rest}`
      return [line, ...diffLines(diff ?? '', colour)]
    })
    for (const held of [this.#notes, this.#hosts, this.#changes]) held.clear()
    return [...notes, ...lines]
  }
}
