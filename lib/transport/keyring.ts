import pLimit from 'p-limit'
import { CommandError } from '../errors.ts'
import type { Secret } from '../shell/secret.ts'
import { Pins } from './pins.ts'

/** A question whose answer is a secret. */
export interface SecretQuestion {
  readonly message: string
  /** The answer before was wrong. */
  readonly again: boolean
}

/** Asks the operator for a secret at the terminal. */
export type AskSecret = (question: SecretQuestion) => Promise<Secret>

/** How often one secret is asked for. */
const TIMES = 3

/** One secret, asked for once and again when it proves wrong. */
interface Asked {
  answer: Promise<Secret>
  times: number
}

/**
 * The passphrases and passwords of one run: each is asked for once, whatever the number of hosts that want it, and
 * lives in memory only.
 */
export class Keyring {
  readonly #ask: AskSecret | undefined
  readonly #asked = new Map<string, Asked>()
  /** One question at a time. */
  readonly #turn = pLimit(1)
  /** PINs of tokens, which bear few mistakes. */
  readonly pins = new Pins((message, rejected) => this.secret(message, rejected))

  /** Without `ask` nobody can be asked: there is no terminal. */
  constructor(ask?: AskSecret) {
    this.#ask = ask
  }

  get canAsk(): boolean {
    return this.#ask !== undefined
  }

  /**
   * The secret called `message`. `rejected` is the answer that proved wrong: it is asked for again, unless somebody else
   * has by now. Undefined when nobody can be asked, or when the answers were wrong three times.
   */
  async secret(message: string, rejected?: Secret): Promise<Secret | undefined> {
    const ask = this.#ask
    if (ask === undefined) return undefined
    const known = this.#asked.get(message)
    if (known !== undefined) {
      const answer = await known.answer
      if (answer !== rejected) return answer
      const now = this.#asked.get(message)
      if (now !== known) return this.secret(message, rejected)
      if (known.times >= TIMES) return undefined
    }
    const times = (known?.times ?? 0) + 1
    const answer = this.#turn(() => ask({ message, again: times > 1 }))
    this.#asked.set(message, { answer, times })
    return answer
  }

  /**
   * The password that `user` gives to sudo. Throws CommandError, which names the host, where nobody can be asked or no
   * answer was right.
   */
  async sudoPassword(host: string, user: string, rejected?: Secret): Promise<Secret> {
    const password = await this.secret(`Password of ${user} for sudo:`, rejected)
    if (password !== undefined) return password
    const reason = this.canAsk
      ? `sudo refused the password of ${user} ${TIMES} times`
      : `sudo wants the password of ${user}, and nobody can be asked here`
    throw new CommandError(reason, {
      host,
      hint: `let ${user} use sudo without a password${this.canAsk ? '' : ', or run at a terminal'}`,
    })
  }
}
