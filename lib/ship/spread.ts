import { throwIfAborted } from '../rollout/pause.ts'

/** How many hosts one host serves at once: of 10 hosts, 3 fetch from the first, then the other 6 from those 4. */
const AT_ONCE = 3

interface Source {
  /** How many bytes' worth of an image it has: who has more has all that the others have, too. */
  readonly amount: number
  serves: number
}

/** What a host is to do next. */
export interface Turn {
  /** The host to fetch from; undefined for here. */
  readonly from: string | undefined
  readonly gives: boolean
}

/**
 * Who gets an image from whom: the first from here, the others from hosts that have it already. A host that cannot reach
 * another gets it from here; when the first three cannot, nobody else tries.
 */
export class Spread {
  readonly #unsent: Set<string>
  readonly #lacking: Set<string>
  readonly #sources = new Map<string, Source>()
  /** Hosts that will give on what they are getting now. */
  readonly #coming = new Map<string, number>()
  readonly #wanted = new Set<string>()
  readonly #avoided = new Set<string>()
  readonly #cutOff = new Set<string>()
  #fetched = 0
  #waiting: (() => void)[] = []

  readonly #signal: AbortSignal

  constructor(hosts: readonly string[], signal: AbortSignal) {
    this.#unsent = new Set(hosts)
    this.#lacking = new Set(hosts)
    this.#signal = signal
    signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  /**
   * Where a host is to get as much as `amount`, and whether it gives that on. Waits for a source that is worth waiting for.
   */
  async next(host: string, amount: number): Promise<Turn> {
    for (;;) {
      throwIfAborted(this.#signal)
      const mayFetch = !this.#cutOff.has(host) && (this.#fetched > 0 || this.#cutOff.size < AT_ONCE)
      const fit = [...this.#sources].filter(
        ([name, source]) => source.amount >= amount && !this.#avoided.has(`${host} ${name}`),
      )
      const [free] = fit
        .filter(([, { serves }]) => serves < AT_ONCE)
        .toSorted(([, a], [, b]) => a.serves - b.serves)
      const hopes = fit.length > 0 || [...this.#coming.values()].some(coming => coming >= amount)
      if (mayFetch && free !== undefined) {
        free[1].serves += 1
        return { from: free[0], gives: this.#begin(host, amount, false) }
      }
      if (!mayFetch || !hopes) return { from: undefined, gives: this.#begin(host, amount, mayFetch) }
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
  }

  /** A host gives on what it gets while more others wait than there are to serve them; the first, while anybody lacks it. */
  #begin(host: string, amount: number, isFirst: boolean): boolean {
    this.#unsent.delete(host)
    const others = this.#lacking.size - (this.#lacking.has(host) ? 1 : 0)
    const gives =
      (isFirst && others > 0) ||
      this.#unsent.size > AT_ONCE * (this.#wanted.size - (this.#wanted.has(host) ? 1 : 0))
    if (gives) {
      this.#wanted.add(host)
      this.#coming.set(host, amount)
    }
    return gives
  }

  /** The host has it; `gives` when others can fetch it there. */
  held(host: string, amount: number, gives: boolean): void {
    this.#coming.delete(host)
    this.#lacking.delete(host)
    if (gives) this.#sources.set(host, { amount, serves: 0 })
    else this.#wanted.delete(host)
    this.#wake()
  }

  /** A fetch has ended. Who could not even reach its source is not asked to try again. */
  fetched(host: string, from: string, end: 'done' | 'cut' | 'unreached'): void {
    const source = this.#sources.get(from)
    if (source !== undefined) source.serves -= 1
    if (end === 'done') this.#fetched += 1
    else this.#avoided.add(`${host} ${from}`)
    if (end === 'unreached') this.#cutOff.add(host)
    this.#wake()
  }

  /** The host is out of it. */
  gone(host: string): void {
    this.#coming.delete(host)
    this.#sources.delete(host)
    this.#wanted.delete(host)
    this.#unsent.delete(host)
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}
