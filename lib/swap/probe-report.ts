/** One request of a probe, in milliseconds of the same clock. */
export interface ProbeSample {
  readonly sent: number
  readonly ended: number
  readonly version?: string
  readonly failure?: string
}

/** How the requests of some time went; durations in milliseconds. */
export interface ProbeStats {
  readonly requests: number
  readonly failed: number
  readonly p50: number
  readonly p99: number
  /** The longest time without a success. */
  readonly longestGap: number
}

/** What a probe saw. */
export interface ProbeReport extends ProbeStats {
  /** The first reasons, with how often each came. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[]
  /** Requests that were due but not sent, since too many were in flight. */
  readonly late: number
  /** Versions in the order in which they were first seen, in milliseconds from the start. */
  readonly versions: readonly {
    readonly version: string
    readonly first: number
    readonly last: number
    readonly count: number
  }[]
  /** The same on both sides of the flip, where there was one. */
  readonly before?: ProbeStats
  readonly after?: ProbeStats
}

const REASONS = 5

/** Gathers samples; keeps times and counts, no bodies. */
export class ProbeLog {
  late = 0
  readonly #samples: ProbeSample[] = []
  readonly #started: number
  #flip: number | undefined
  #fresh = false

  constructor(started = performance.now()) {
    this.#started = started
  }

  add(sample: ProbeSample): void {
    this.#samples.push(sample)
  }

  /** Notes that traffic goes elsewhere from now on; requests in flight count as sent there unless `fresh`. */
  mark(fresh = false, now = performance.now()): void {
    this.#flip = now
    this.#fresh = fresh
  }

  /** What ended after the mark; nothing where there is none. */
  get sinceMark(): readonly ProbeSample[] {
    const flip = this.#flip
    return flip === undefined
      ? []
      : this.#samples.filter(({ sent, ended }) => (this.#fresh ? sent : ended) >= flip)
  }

  get samples(): readonly ProbeSample[] {
    return this.#samples
  }

  report(): ProbeReport {
    const flip = this.#flip
    const before = this.#samples.filter(({ ended }) => flip !== undefined && ended < flip)
    return {
      ...stats(this.#samples, this.#started),
      reasons: reasonsOf(this.#samples).slice(0, REASONS),
      late: this.late,
      versions: this.#versions(),
      ...(flip === undefined
        ? {}
        : { before: stats(before, this.#started), after: stats(this.sinceMark, flip) }),
    }
  }

  #versions(): ProbeReport['versions'] {
    const versions = new Map<string, { first: number; last: number; count: number }>()
    for (const { ended, version = '', failure } of this.#samples) {
      if (failure !== undefined) continue
      const at = Math.round(ended - this.#started)
      const seen = versions.get(version)
      if (seen === undefined) versions.set(version, { first: at, last: at, count: 1 })
      else {
        seen.last = at
        seen.count += 1
      }
    }
    return [...versions].map(([version, seen]) => ({ version, ...seen }))
  }
}

/** Why requests failed, in the order in which the reasons first came. */
export function reasonsOf(samples: readonly ProbeSample[]): { reason: string; count: number }[] {
  const reasons = new Map<string, number>()
  for (const { failure } of samples) {
    if (failure !== undefined) reasons.set(failure, (reasons.get(failure) ?? 0) + 1)
  }
  return [...reasons].map(([reason, count]) => ({ reason, count }))
}

function stats(samples: readonly ProbeSample[], started: number): ProbeStats {
  const sorted = samples.map(({ sent, ended }) => ended - sent).toSorted((a, b) => a - b)
  const at = (share: number): number =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10
  const successes = samples.filter(({ failure }) => failure === undefined).map(({ ended }) => ended)
  const times = [started, ...successes.toSorted((a, b) => a - b)]
  const gaps = times.map((time, index) => time - (times[index - 1] ?? time))
  return {
    requests: samples.length,
    failed: samples.length - successes.length,
    p50: at(0.5),
    p99: at(0.99),
    longestGap: Math.round(gaps.reduce((most, gap) => Math.max(most, gap), 0)),
  }
}
