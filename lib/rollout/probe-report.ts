/** One request of a probe, in milliseconds of the same clock. */
export interface ProbeSample {
  readonly sent: number
  readonly ended: number
  readonly version?: string
  readonly failure?: string
}

/** What a probe saw. */
export interface ProbeReport {
  readonly requests: number
  readonly failed: number
  /** The first reasons, with how often each came. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[]
  /** Requests that were due but not sent, since too many were in flight. */
  readonly late: number
  readonly p50: number
  readonly p99: number
  /** The longest time without a success. */
  readonly longestGap: number
  /** Versions in the order in which they were first seen, in milliseconds from the start. */
  readonly versions: readonly {
    readonly version: string
    readonly first: number
    readonly last: number
    readonly count: number
  }[]
}

const REASONS = 5

/** Gathers samples; keeps counts and durations, no bodies. */
export class ProbeLog {
  late = 0
  readonly #durations: number[] = []
  readonly #successes: number[] = []
  readonly #reasons = new Map<string, number>()
  readonly #versions = new Map<string, { first: number; last: number; count: number }>()
  readonly #started: number

  constructor(started = performance.now()) {
    this.#started = started
  }

  add({ sent, ended, version = '', failure }: ProbeSample): void {
    this.#durations.push(ended - sent)
    if (failure !== undefined) {
      this.#reasons.set(failure, (this.#reasons.get(failure) ?? 0) + 1)
      return
    }
    this.#successes.push(ended)
    const at = Math.round(ended - this.#started)
    const seen = this.#versions.get(version)
    if (seen === undefined) this.#versions.set(version, { first: at, last: at, count: 1 })
    else {
      seen.last = at
      seen.count += 1
    }
  }

  report(): ProbeReport {
    const sorted = this.#durations.toSorted((a, b) => a - b)
    const at = (share: number): number =>
      Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10
    const times = [this.#started, ...this.#successes.toSorted((a, b) => a - b)]
    const gaps = times.map((time, index) => time - (times[index - 1] ?? time))
    const reasons = [...this.#reasons].map(([reason, count]) => ({ reason, count }))
    return {
      requests: sorted.length,
      failed: reasons.reduce((sum, { count }) => sum + count, 0),
      reasons: reasons.slice(0, REASONS),
      late: this.late,
      p50: at(0.5),
      p99: at(0.99),
      longestGap: Math.round(gaps.reduce((most, gap) => Math.max(most, gap), 0)),
      versions: [...this.#versions].map(([version, seen]) => ({ version, ...seen })),
    }
  }
}
