import type { FleetEvent, Outcome } from '../events/event.ts'
import { formatDuration } from '../text/duration.ts'

const ORDER: readonly Outcome[] = ['changed', 'unchanged', 'failed', 'unreachable', 'skipped']

/** A host that takes part in several phases ends as the weightiest of them. */
const WEIGHT: Readonly<Record<Outcome, number>> = {
  unchanged: 0,
  skipped: 1,
  changed: 2,
  unreachable: 3,
  failed: 4,
}

/** Counts how the hosts ended, for the last line. */
export class Summary {
  readonly #outcomes = new Map<string, Outcome>()
  #hasHosts = false

  add(event: FleetEvent): void {
    if (event.type === 'run-started') this.#hasHosts = event.hosts.length > 0
    if (event.type !== 'host-ended') return
    const before = this.#outcomes.get(event.host)
    if (before === undefined || WEIGHT[event.outcome] > WEIGHT[before])
      this.#outcomes.set(event.host, event.outcome)
  }

  /**
   * `done in 3.2s: 2 changed, 1 unchanged`, or `done in 3.2s` where no resource was touched. Undefined for a task
   * without hosts, which has printed what it was asked for, and for a failure that no host counts: its error says it.
   */
  line(ended: Extract<FleetEvent, { type: 'run-ended' }>): string | undefined {
    const counts = ORDER.map(outcome => [outcome, this.#count(outcome)] as const).filter(
      ([, count]) => count > 0,
    )
    const isDone = ended.exitCode === 0 || ended.exitCode === 3
    // A partial result is told by its warnings: nothing was stopped.
    const time = `${isDone || ended.exitCode === 9 ? 'done' : 'stopped'} in ${formatDuration(ended.milliseconds)}`
    if (counts.length === 0) return isDone && this.#hasHosts ? time : undefined
    return `${time}: ${counts.map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`
  }

  #count(outcome: Outcome): number {
    return [...this.#outcomes.values()].filter(each => each === outcome).length
  }
}
