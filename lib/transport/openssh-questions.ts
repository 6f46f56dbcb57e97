import { setImmediate as turn } from 'node:timers/promises'
import type { Secret } from '../shell/secret.ts'
import { questionOf } from './askpass.ts'
import type { Keyring } from './keyring.ts'
import type { Pin } from './pins.ts'

/** ssh's words for a PIN that a token refused (its ssh-pkcs11.c, and sshconnect2.c for hardware keys). */
const WRONG =
  /^(?:PKCS#11 login failed: PIN (?:incorrect|length)|sign_and_send_pubkey: signing failed .*: incorrect passphrase)/gm

/** Answers what one OpenSSH client asks while it logs in, from the run's keyring. */
export class Questions {
  readonly #keyring: Keyring
  #log = (): string => ''
  readonly #passphrases = new Map<string, Secret>()
  readonly #pins = new Map<string, Pin>()
  /** How often the log has told of a wrong PIN, as far as that was passed on. */
  #mistakes = 0
  /** Why there was no answer: the operator stopped at the question. */
  error: unknown

  constructor(keyring: Keyring) {
    this.#keyring = keyring
  }

  /** `log` is what the client has said so far. */
  follow(log: () => string): void {
    this.#log = log
  }

  /** The answer to a prompt, or undefined for what is none of the keyring's business or has been answered wrong too often. */
  async answer(prompt: string): Promise<Secret | undefined> {
    const question = questionOf(prompt)
    if (question === undefined) return undefined
    try {
      return question.isPin ? await this.#pin(question.message) : await this.#passphrase(question.message)
    } catch (error) {
      this.error ??= error
      throw error
    }
  }

  async #passphrase(message: string): Promise<Secret | undefined> {
    // ssh asks for a passphrase again only when it was wrong.
    const secret = await this.#keyring.secret(message, this.#passphrases.get(message))
    if (secret !== undefined) this.#passphrases.set(message, secret)
    return secret
  }

  async #pin(message: string): Promise<Secret | undefined> {
    // What ssh said before it asked is read first.
    await turn()
    const held = this.#pins.get(message)
    // Some keys want the right PIN at each use.
    if (held !== undefined && !this.#isWrong()) return held.secret
    held?.isWrong()
    this.#pins.delete(message)
    const pin = await this.#keyring.pins.take(message)
    if (pin !== undefined) this.#pins.set(message, pin)
    return pin?.secret
  }

  /** Whether a PIN was refused since this was asked last. */
  #isWrong(): boolean {
    const mistakes = [...this.#log().matchAll(WRONG)].length
    const isNew = mistakes > this.#mistakes
    this.#mistakes = mistakes
    return isNew
  }

  /** Ends the trial of what was given. True when a PIN was wrong: the next login would be asked for another. */
  settle(isLoggedIn: boolean): boolean {
    const isWrong = !isLoggedIn && this.#isWrong()
    for (const pin of this.#pins.values()) {
      if (isLoggedIn) pin.isRight()
      else if (isWrong) pin.isWrong()
      else pin.end()
    }
    const tried = this.#pins.size > 0
    this.#pins.clear()
    return isWrong && tried
  }
}
