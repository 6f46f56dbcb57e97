import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConnectError } from '../errors.ts'
import { Stop } from './abort.ts'
import { Askpass } from './askpass.ts'
import { connectAborted, connectTimedOut } from './connect-error.ts'
import { endpoint } from './endpoint.ts'
import { privateKnownHosts } from './host-key-error.ts'
import { masterError, spoken } from './openssh-error.ts'
import { checkNames, controlArguments, masterArguments, READY } from './openssh-options.ts'
import { sshMissing, startPiped, startSsh, type PipedProcess, type SshProcess } from './openssh-process.ts'
import { Questions } from './openssh-questions.ts'
import type { ConnectOptions, Target } from './transport.ts'

/** Milliseconds that a master may take to go when it is told to. */
const GRACE = 1000
/** Bytes kept of what a master says. */
const KEPT = 64 * 1024

/**
 * Reads until its stdin ends, which it does when we close it or die in whatever way; then ends the master and takes its
 * folder away. Without it a killed `fleet` would leave an open connection behind.
 */
const KEEPER = 'read -r line; folder=$1; shift; ssh "$@" >/dev/null 2>&1; rm -rf -- "$folder"'

/** An OpenSSH master that this run owns: one connection, in a folder that only we can read. */
export class Master {
  readonly target: Target
  readonly socket: string
  readonly folder: string
  readonly #ended: Promise<void>
  readonly #letGo: () => void
  readonly #kill: () => void
  #log = ''
  #isGone = false
  #closing: Promise<void> | undefined
  #logs = 0

  private constructor(target: Target, folder: string, process: SshProcess, keeper: PipedProcess) {
    this.target = target
    this.folder = folder
    this.socket = join(folder, 's')
    process.stderr.on('data', (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString('utf8')).slice(-KEPT)
    })
    process.once('exit', () => (this.#isGone = true))
    process.once('error', () => (this.#isGone = true))
    this.#ended = process.then(() => undefined)
    this.#kill = () => process.kill('SIGKILL')
    this.#letGo = () => keeper.stdin.end()
    keeper.stdin.on('error', () => undefined)
    keeper.stdout.resume()
    keeper.stderr.resume()
  }

  /**
   * Starts one and returns when it is logged in, once more for each wrong PIN. Rejects as `Connect` does, with nothing
   * left behind.
   */
  static async start(target: Target, via: Master | undefined, options: ConnectOptions): Promise<Master> {
    for (;;) {
      const { keyring } = options
      const questions = keyring?.canAsk === true ? new Questions(keyring) : undefined
      try {
        const master = await Master.#try(target, via, options, questions)
        questions?.settle(true)
        return master
      } catch (error) {
        const isWrong = questions?.settle(false) === true
        if (questions?.error !== undefined) throw questions.error
        if (!isWrong) throw error
      }
    }
  }

  static async #try(
    target: Target,
    via: Master | undefined,
    { signal, timeout }: ConnectOptions,
    questions: Questions | undefined,
  ): Promise<Master> {
    checkNames(target)
    const trusted = privateKnownHosts(target)
    if (signal.aborted) throw connectAborted(target)
    const folder = await mkdtemp(join(tmpdir(), 'fleet-'))
    const stop = new Stop({
      signal,
      aborted: () => connectAborted(target),
      timeout,
      timedOut: () => connectTimedOut(target, timeout),
    })
    let askpass: Askpass | undefined
    try {
      if (questions !== undefined) {
        askpass = await Askpass.start(folder, prompt => stop.untimed(questions.answer(prompt)))
      }
      const places = {
        socket: join(folder, 's'),
        knownHosts: join(folder, 'known_hosts'),
        asks: askpass !== undefined,
      }
      await writeFile(places.knownHosts, trusted, { mode: 0o600 })
      const keeper = await startPiped('sh', [
        '-c',
        KEEPER,
        'keeper',
        folder,
        ...controlArguments(places.socket, 'exit'),
      ])
      const { child } = await startSsh(masterArguments(target, places, via), askpass?.env)
      const master = new Master(target, folder, child, keeper.child)
      questions?.follow(() => master.#log)
      await master.#ready(child, stop, timeout)
      return master
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    } finally {
      stop.release()
      askpass?.close()
    }
  }

  async #ready(process: SshProcess, stop: Stop, timeout: number): Promise<void> {
    const listening = new Promise<'ready'>((resolve, reject) => {
      stop.onStop(reject)
      let said = ''
      process.stdout.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString('latin1')).slice(-KEPT)
        if (said.includes(READY)) resolve('ready')
      })
    })
    try {
      const first = await Promise.race([listening, process.then(({ code }) => code ?? 'ended')])
      if (first === 'ready') return
      throw first === 'ENOENT' ? sshMissing(this.target.name) : masterError(this.target, this.#log, timeout)
    } catch (error) {
      this.#kill()
      this.#letGo()
      throw error
    }
  }

  /** Why no command can run any more; undefined while connected. */
  get lost(): ConnectError | undefined {
    return this.#isGone || this.#closing !== undefined ? this.lostNow() : undefined
  }

  /** The error of a connection that is known to be gone. */
  lostNow(): ConnectError {
    const { name, address, port } = this.target
    const place = endpoint(address, port)
    if (this.#closing !== undefined) {
      return new ConnectError(`the connection to ${place} was closed`, { host: name })
    }
    this.#isGone = true
    const said = spoken(this.#log).at(-1)
    return new ConnectError(`connection to ${place} lost${said === undefined ? '' : `: ${said}`}`, {
      host: name,
      hint: `fleet status --on ${name}`,
    })
  }

  /** A file for what the next `ssh` over it says. */
  newLog(): string {
    return join(this.folder, `log${++this.#logs}`)
  }

  /**
   * Whether the master lives, asked of its socket: it goes away with the process, before what our clients read ends, so
   * that no cut is taken for an end.
   */
  async isAlive(): Promise<boolean> {
    if (this.#isGone) return false
    const socket = connect(this.socket)
    try {
      await once(socket, 'connect')
      return true
    } catch {
      return false
    } finally {
      socket.destroy()
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    this.#letGo()
    const timer = setTimeout(this.#kill, GRACE)
    await this.#ended
    clearTimeout(timer)
    await rm(this.folder, { recursive: true, force: true })
  }
}
