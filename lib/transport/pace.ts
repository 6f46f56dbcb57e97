import pLimit, { type LimitFunction } from 'p-limit'
import type { Target } from './transport.ts'

/**
 * Handshakes at once to one sshd, which drops logins at random above 10 unfinished ones (MaxStartups 10:30:100), and has
 * other clients than us.
 */
const TO_ONE_ADDRESS = 4
/** Milliseconds after which a handshake no longer counts among all: a silent host must not hold the others up. */
const PATIENCE = 2000

/** Paces handshakes: some at once in all, fewer to one address. */
export class Pace {
  readonly #all: LimitFunction
  readonly #addresses = new Map<string, LimitFunction>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
    this.#all = pLimit(most)
  }

  /** Runs one handshake when it is its turn. */
  run<T>(target: Target, handshake: () => Promise<T>): Promise<T> {
    // The address first: who waits there must not hold one of the common places.
    return this.#addressOf(target)(() => this.#amongAll(handshake))
  }

  /** From here on one handshake at a time: the address turns some of them away. */
  narrow(target: Target): void {
    this.#addressOf(target).concurrency = 1
  }

  #addressOf(target: Target): LimitFunction {
    const jump = target.jumps?.at(-1)
    // Behind a jump the same address may be another host.
    const key = `${jump?.name ?? ''} ${target.address} ${target.port}`
    const limit = this.#addresses.get(key) ?? pLimit(Math.min(this.#most, TO_ONE_ADDRESS))
    this.#addresses.set(key, limit)
    return limit
  }

  #amongAll<T>(handshake: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      void this.#all(async () => {
        const working = Promise.resolve().then(handshake)
        working.then(resolve, reject)
        let timer: ReturnType<typeof setTimeout> | undefined
        const slow = new Promise<void>(done => (timer = setTimeout(done, PATIENCE)))
        await Promise.race([
          working.then(
            () => undefined,
            () => undefined,
          ),
          slow,
        ])
        clearTimeout(timer)
      })
    })
  }
}
