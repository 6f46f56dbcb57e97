import type { FleetEvent } from '../events/event.ts'
import { formatEvent } from './format.ts'
import { PlanGroups } from './plan-groups.ts'
import { Summary } from './summary.ts'

export interface LineOptions {
  readonly verbosity: number
  readonly colour: boolean
}

/** Turns events into the lines a person should see, for renderers to put where they belong. */
export class Lines {
  readonly #options: LineOptions
  readonly #plans = new PlanGroups()
  readonly #results = new PlanGroups()
  readonly #summary = new Summary()
  readonly #quarters = new Map<string, number>()

  constructor(options: LineOptions) {
    this.#options = options
  }

  /** The finished lines that this event makes due. */
  of(event: FleetEvent): readonly string[] {
    if (event.type === 'host-planned') {
      const { isResult = false } = event
      this.#plans.add(isResult ? { ...event, changes: [] } : event)
      if (isResult) this.#results.add({ ...event, notes: [] })
      return this.#options.verbosity >= 3 ? this.#shown(event) : []
    }
    this.#summary.add(event)
    if (event.type === 'progress' && !this.#isNews(event)) return []
    const last = event.type === 'run-ended' ? (this.#summary.line(event) ?? []) : []
    return [...this.rest(), ...this.#shown(event), ...(Array.isArray(last) ? last : [last])]
  }

  /** What is still held back. */
  rest(): readonly string[] {
    return this.#plans.take(this.#options.colour)
  }

  /** What is held back and belongs to the results. */
  results(colour: boolean): readonly string[] {
    return this.#results.take(colour && this.#options.colour)
  }

  #shown(event: FleetEvent): string[] {
    return formatEvent(event, this.#options.colour)
      .filter(({ level }) => level <= this.#options.verbosity)
      .map(({ text }) => text)
  }

  /** Progress is worth a line when another quarter of it is done. */
  #isNews({ id, done, total }: Extract<FleetEvent, { type: 'progress' }>): boolean {
    if (total === undefined || total === 0) return done === 0
    const quarter = Math.floor((4 * done) / total)
    if (quarter <= (this.#quarters.get(id) ?? 0)) return false
    this.#quarters.set(id, quarter)
    return true
  }
}
