import type { Secret } from '../shell/secret.ts'

/** The operator's answer; another than `rejected`. */
type AskPin = (message: string, rejected: Secret | undefined) => Promise<Secret | undefined>

/**
 * The PINs of one run. A token locks itself after a few wrong ones, so that a PIN goes to one connection at a time until
 * a login has proved it right; then to all of them.
 */
export class Pins {
  readonly #ask: AskPin
  readonly #proved = new Set<string>()
  readonly #wrong = new Map<string, Secret>()
  /** Resolves when the connection that tries the PIN is done with it. */
  readonly #trials = new Map<string, Promise<void>>()

  constructor(ask: AskPin) {
    this.#ask = ask
  }

  /** The PIN called `message`, in this connection's turn. Undefined when nobody answers, or three were wrong. */
  async take(message: string): Promise<Pin | undefined> {
    for (let trial = this.#trials.get(message); trial !== undefined; trial = this.#trials.get(message))
      await trial
    let done: () => void = () => undefined
    if (!this.#proved.has(message)) {
      const trial = new Promise<void>(resolve => (done = resolve))
      this.#trials.set(message, trial)
    }
    const end = () => {
      this.#trials.delete(message)
      done()
    }
    try {
      const secret = await this.#ask(message, this.#wrong.get(message))
      if (secret === undefined) {
        end()
        return undefined
      }
      return {
        secret,
        isRight: () => {
          this.#proved.add(message)
          end()
        },
        isWrong: () => {
          this.#proved.delete(message)
          this.#wrong.set(message, secret)
          end()
        },
        end,
      }
    } catch (error) {
      end()
      throw error
    }
  }
}

/** A PIN that one connection tries; it says how that went, once. */
export interface Pin {
  readonly secret: Secret
  isRight(): void
  isWrong(): void
  /** It was never known. */
  end(): void
}
