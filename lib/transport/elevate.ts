import { randomBytes } from 'node:crypto'
import { CommandError } from '../errors.ts'
import { quote } from '../shell/quote.ts'
import type { Secret } from '../shell/secret.ts'
import { tail } from '../text/last-lines.ts'
import { Keyring } from './keyring.ts'
import { afterLines, isWhole } from './stdin.ts'
import type { ExecOptions, ExecResult } from './transport.ts'

/** Runs one shell line as the login. */
export type Run = (line: string, options: ExecOptions) => Promise<ExecResult>

/** Whether sudo asks: without `-n` it would, and there is no terminal. In English, whatever the host's language. */
const PROBE = 'env LC_ALL=C sudo -n -- true'
/** The second is how sudo-rs says it. */
const WANTS_PASSWORD = /^sudo(?:-rs)?: .*(?:password|interactive authentication) is required/m

/** Takes the password from its stdin, which holds nothing else: a wrong one counts once, for faillock. */
const PROVE = `env LC_ALL=C sudo -k -S -p '' -- true`
const WRONG = /incorrect password|no password was provided|try again/

/**
 * As root: drops lines up to the agreed word, then runs the command with the rest. `-k` makes sudo ask even when it
 * remembers us; should it not ask at all (a rule that came in between), the password is dropped here and never read by
 * the command. `read` takes a byte at a time from a pipe, as sudo does, so that nothing of the rest is lost.
 */
const SKIP = 'until IFS= read -r line || exit 91; [ "$line" = "$1" ]; do :; done; unset line; exec sh -c "$2"'

const withoutPassword = (command: string): string => `sudo -n -- sh -c ${quote(command)}`

/**
 * Goes between the password and the word: sudo-rs reads on behind the password, up to the 8192 bytes of Rust's buffer
 * of stdin, and keeps what it read.
 */
const PADDING = '.'.repeat(8192)

/** Every sudo is given the password itself, so that neither timestamps nor ticket rules of the host matter. */
const withPassword = (command: string, word: string): string =>
  `sudo -k -S -p '' -- sh -c ${quote(SKIP)} sh ${word} ${quote(command)}`

/** Bytes of stderr in which sudo's refusal is looked for: it says a line or two, before anything else. */
const REFUSAL = 4096

/** Could be sudo's own refusal: nothing but its words. The command may have said them too. */
const looksRefused = ({ exitCode, stdout }: ExecResult, said: string): boolean =>
  exitCode === 1 && stdout.length === 0 && /^sudo(?:-rs)?: /m.test(said)

/**
 * How one login becomes root: the only place that knows sudo. Where sudo asks nothing it costs nothing; where it wants a
 * password this is asked for once per run and travels on stdin alone.
 */
export class Elevation {
  readonly #host: string
  readonly #user: string
  readonly #keyring: Keyring
  #isFree = false
  #password: Promise<Secret> | undefined

  constructor(host: string, user: string, keyring: Keyring = new Keyring()) {
    this.#host = host
    this.#user = user
    this.#keyring = keyring
  }

  /** Runs `command` as root. Throws CommandError when sudo refuses this user. */
  async exec(command: string, options: ExecOptions, run: Run): Promise<ExecResult> {
    if (this.#user === 'root') return run(command, options)
    if (options.root === 'unasked') return run(withoutPassword(command), options)
    if (this.#password !== undefined) return this.#withPassword(command, options, run)
    const { stdin } = options
    // A stream cannot be sent twice: it must not meet a refusal.
    if (stdin !== undefined && !isWhole(stdin) && !this.#isFree && (await this.#isAsked(options, run))) {
      return this.#withPassword(command, options, run)
    }
    const held = holdRefusal(options)
    const result = await run(withoutPassword(command), held.options)
    if (
      looksRefused(result, held.said(result)) &&
      (stdin === undefined || isWhole(stdin)) &&
      (await this.#isAsked(options, run))
    ) {
      return this.#withPassword(command, options, run)
    }
    held.release()
    this.#isFree ||= result.exitCode === 0
    return result
  }

  async #isAsked(options: ExecOptions, run: Run): Promise<boolean> {
    const { exitCode, stderr } = await run(PROBE, limits(options))
    this.#isFree = exitCode === 0
    return WANTS_PASSWORD.test(stderr.toString('utf8'))
  }

  async #withPassword(command: string, options: ExecOptions, run: Run): Promise<ExecResult> {
    this.#password ??= this.#prove(options, run)
    const proven = this.#password
    const password = await proven.catch((error: unknown) => {
      if (this.#password === proven) this.#password = undefined
      throw error
    })
    const word = randomBytes(16).toString('hex')
    const stdin = afterLines([password.reveal(), PADDING, word], options.stdin)
    return run(withPassword(command, word), { ...options, stdin })
  }

  async #prove(options: ExecOptions, run: Run): Promise<Secret> {
    let rejected: Secret | undefined
    for (;;) {
      const password = await this.#keyring.sudoPassword(this.#host, this.#user, rejected)
      const result = await run(PROVE, { ...limits(options), stdin: `${password.reveal()}\n` })
      if (result.exitCode === 0) return password
      const said = result.stderr.toString('utf8')
      if (!WRONG.test(said)) {
        throw new CommandError(`sudo refuses ${this.#user}: nothing ran${tail(said)}`, { host: this.#host })
      }
      rejected = password
    }
  }
}

/** What stops a command, without its streams. */
const limits = ({ signal, timeout }: ExecOptions): ExecOptions => ({
  ...(signal === undefined ? {} : { signal }),
  ...(timeout === undefined ? {} : { timeout }),
})

/**
 * Keeps sudo's refusal from the listener of stderr, since the command may run after all, and its words for us, since the
 * result has none where stderr is discarded.
 */
function holdRefusal(options: ExecOptions): {
  options: ExecOptions
  release: () => void
  said: (result: ExecResult) => string
} {
  const { onStderr, discardStderr } = options
  let held: Uint8Array[] | undefined = []
  let first = Buffer.alloc(0)
  const release = () => {
    for (const chunk of held ?? []) onStderr?.(chunk)
    held = undefined
  }
  const hold = (chunk: Uint8Array) => {
    if (first.length < REFUSAL) first = Buffer.concat([first, chunk.subarray(0, REFUSAL - first.length)])
    if (held === undefined) return onStderr?.(chunk)
    held.push(chunk)
    const isPerhaps = ['sudo: ', 'sudo-rs: '].some(word =>
      word.startsWith(first.toString('latin1', 0, word.length)),
    )
    if (!isPerhaps || first.length === REFUSAL) release()
  }
  return {
    options: { ...options, onStderr: hold },
    release,
    said: ({ stderr }) => (discardStderr === true ? first : stderr).toString('utf8'),
  }
}
