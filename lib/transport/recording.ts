import type { Duplex } from 'node:stream'
import { AbortedError, ConnectError } from '../errors.ts'
import type { Connect, ExecOptions, ExecResult, Transport, TransportCost } from './transport.ts'
import { stdinBytes } from './stdin.ts'

/** What a command gives back. */
export interface Answer {
  /** 0 unless told. */
  readonly code?: number
  readonly stdout?: string | Uint8Array
  readonly stderr?: string | Uint8Array
  /** Rejects instead: a lost connection, a signal. */
  readonly error?: Error
}

/** One command that ran. */
export interface Executed {
  readonly command: string
  readonly stdin: Buffer
  /** Asked for as root: the command is kept as it was given. */
  readonly root: boolean
}

/** A command that must come, and its answer. */
export interface Expectation extends Answer {
  readonly command: string | RegExp | ((command: string) => boolean)
  /** Answers by what was sent, instead of the fixed answer. */
  readonly reply?: (executed: Executed) => Answer | Promise<Answer>
  /** How often it must come, 1 unless told; `any` is also content with never. */
  readonly times?: number | 'any'
}

export interface RecordingOptions {
  readonly host: string
  readonly user?: string
  readonly expect?: readonly Expectation[]
  /** Takes the commands in any order. In order unless told. */
  readonly unordered?: boolean
  readonly forward?: (address: string, port: number) => Duplex | Promise<Duplex>
}

export interface RecordingTransport extends Transport {
  readonly executed: readonly Executed[]
  readonly closed: boolean
  /** Throws when an expected command did not come, or when one came that was refused, even if its error was swallowed. */
  verify(): void
}

const shown = ({ command }: Expectation): string =>
  typeof command === 'string'
    ? JSON.stringify(command)
    : typeof command === 'function'
      ? `a command for which ${command.toString()}`
      : String(command)

function fits({ command }: Expectation, given: string): boolean {
  if (typeof command === 'string') return command === given
  return typeof command === 'function' ? command(given) : given.search(command) !== -1
}

const list = (expected: readonly Expectation[]): string =>
  expected.length === 0 ? '  nothing more' : expected.map(one => `  ${shown(one)}`).join('\n')

/** The script of expectations: what may come now, and what is still to come. */
class Script {
  readonly #host: string
  readonly #unordered: boolean
  readonly #rest: { readonly expectation: Expectation; left: number }[]
  readonly #refused: string[] = []

  constructor(host: string, expected: readonly Expectation[], unordered: boolean) {
    this.#host = host
    this.#unordered = unordered
    this.#rest = expected.map(expectation => ({
      expectation,
      left: expectation.times === 'any' ? Infinity : (expectation.times ?? 1),
    }))
  }

  /** In order, an expectation that is content with what came may be stepped over. */
  #open() {
    const rest = this.#rest.filter(one => one.left > 0)
    if (this.#unordered) return rest
    const must = rest.findIndex(one => one.left !== Infinity)
    return must === -1 ? rest : rest.slice(0, must + 1)
  }

  take(command: string): Expectation {
    const open = this.#open()
    const found = open.find(one => fits(one.expectation, command))
    if (found === undefined) {
      const expected = list(open.map(one => one.expectation))
      const message = `${this.#host}: unexpected command\n  ${JSON.stringify(command)}\nexpected:\n${expected}`
      this.#refused.push(message)
      throw new Error(message)
    }
    found.left--
    return found.expectation
  }

  verify(): void {
    const missing = this.#rest.filter(one => one.left > 0 && one.left !== Infinity)
    const absent = `${this.#host}: expected commands that did not come:\n${list(missing.map(one => one.expectation))}`
    const problems = [...this.#refused, ...(missing.length > 0 ? [absent] : [])]
    if (problems.length > 0) throw new Error(problems.join('\n'))
  }
}

/** A transport without a host: it answers from a script, refuses every other command and remembers what was sent. */
export function recordingTransport(options: RecordingOptions): RecordingTransport {
  const { host, user = 'root', expect = [], unordered = false } = options
  const script = new Script(host, expect, unordered)
  const executed: Executed[] = []
  const cost = { executions: 0, bytesSent: 0, bytesReceived: 0 }
  let closed = false
  const gone = () => new ConnectError('the connection was closed', { host })

  async function exec(command: string, given: ExecOptions = {}): Promise<ExecResult> {
    if (closed) throw gone()
    if (given.signal?.aborted === true) throw new AbortedError('stopped', { host })
    const expectation = script.take(command)
    const sent = {
      command,
      stdin: await stdinBytes(given.stdin),
      root: given.root !== undefined && given.root !== false,
    }
    executed.push(sent)
    cost.executions++
    cost.bytesSent += Buffer.byteLength(command) + sent.stdin.length
    const answer = expectation.reply === undefined ? expectation : await expectation.reply(sent)
    const stdout = Buffer.from(answer.stdout ?? '')
    const stderr = Buffer.from(answer.stderr ?? '')
    cost.bytesReceived += stdout.length + stderr.length
    if (stdout.length > 0) await given.onStdout?.(stdout)
    if (stderr.length > 0) given.onStderr?.(stderr)
    if (answer.error !== undefined) throw answer.error
    return {
      exitCode: answer.code ?? 0,
      stdout: given.discardStdout === true ? Buffer.alloc(0) : stdout,
      stderr: given.discardStderr === true ? Buffer.alloc(0) : stderr,
    }
  }

  return {
    host,
    user,
    executed,
    exec,
    get closed() {
      return closed
    },
    get cost(): TransportCost {
      return { ...cost }
    },
    async forward(address, port) {
      if (closed) throw gone()
      if (options.forward === undefined) throw new Error(`${host}: unexpected tunnel to ${address}:${port}`)
      return options.forward(address, port)
    },
    async close() {
      closed = true
    },
    verify: () => script.verify(),
  }
}

/** A Connect over recordings or connection errors, by host name. Refuses every other host. */
export function recordingConnect(hosts: Readonly<Record<string, RecordingTransport | Error>>): Connect {
  return async (target, { signal }) => {
    if (signal.aborted) throw new AbortedError('stopped while connecting', { host: target.name })
    const found = Object.hasOwn(hosts, target.name) ? hosts[target.name] : undefined
    if (found === undefined) {
      throw new Error(`unexpected connection to ${target.name}; expected: ${Object.keys(hosts).join(', ')}`)
    }
    if (found instanceof Error) throw found
    return found
  }
}
