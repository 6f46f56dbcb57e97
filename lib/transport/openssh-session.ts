import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError, messageOf } from '../errors.ts'
import { quote } from '../shell/quote.ts'
import type { Stop } from './abort.ts'
import type { Meter } from './execute.ts'
import type { Master } from './openssh-master.ts'
import { sessionArguments } from './openssh-options.ts'
import { runSsh, sshMissing, startPiped } from './openssh-process.ts'
import { ChannelRefused } from './sessions.ts'
import { isWhole, sendStdin } from './stdin.ts'
import { Reception } from './reception.ts'
import { summary } from './summary.ts'
import type { ExecOptions, ExecResult } from './transport.ts'

/** Milliseconds between the SIGTERM to a command that is given up and the end of its channel. */
const GRACE = 1000
/** The exit code of ssh itself, and of a command that chose it. */
const OWN = 255

/** Takes our first line off stderr: the process that the login's shell runs as. */
class PidLine {
  readonly #mark: string
  #held: Buffer | undefined = Buffer.alloc(0)
  #found: (pid: string | undefined) => void = () => undefined
  /** Settles with the first line. */
  readonly pid = new Promise<string | undefined>(resolve => (this.#found = resolve))

  constructor(word: string) {
    this.#mark = `${word} `
  }

  /** The line that makes the host say it. */
  prefixed(line: string): string {
    return `printf '%s\\n' ${quote(this.#mark)}"$$" >&2; ${line}`
  }

  /** What of `chunk` is the command's. */
  take(chunk: Buffer): Buffer {
    if (this.#held === undefined) return chunk
    const held = Buffer.concat([this.#held, chunk])
    const at = held.indexOf(this.#mark)
    const newline = held.indexOf('\n', at)
    if (at === -1 || newline === -1) {
      this.#held = held
      return Buffer.alloc(0)
    }
    this.#held = undefined
    this.#found(/^\d+$/.exec(held.toString('latin1', at + this.#mark.length, newline))?.[0])
    return Buffer.concat([held.subarray(0, at), held.subarray(newline + 1)])
  }

  /** What is left when the command never came to say it. */
  rest(): Buffer {
    return this.#held ?? Buffer.alloc(0)
  }
}

/**
 * Runs one command over a master. OpenSSH's client cannot send signals, so that the command says first which process
 * group it is, and is ended by another command. Rejects as `execute` does.
 */
export async function runOverMaster(
  master: Master,
  line: string,
  options: ExecOptions,
  stop: Stop,
  meter: Meter,
): Promise<ExecResult> {
  const { target } = master
  const log = master.newLog()
  const first = new PidLine(randomBytes(16).toString('hex'))
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  const { child } = await startPiped(
    'ssh',
    sessionArguments(master.socket, target, log, first.prefixed(line)),
  )
  const reception = new Reception(stop, meter)
  const keptError = options.discardStderr === true ? undefined : stderr
  const ended = Promise.all([
    reception.listen(child.stdout, options.discardStdout === true ? undefined : stdout, options.onStdout),
    reception.listen(child.stderr, keptError, options.onStderr, chunk => first.take(chunk)),
  ])
  child.stdin.on('error', () => undefined)
  const gone = child.then(() => undefined)
  const stopped = new Promise<never>((_resolve, reject) => {
    stop.onStop(error => {
      void end(master, first.pid, () => child.kill('SIGTERM'), gone)
      reject(error)
    })
  })
  const { stdin } = options
  const send = () =>
    sendStdin(child.stdin, stdin, bytes => (meter.bytesSent += bytes)).catch((error: unknown) =>
      stop.stop(error instanceof Error ? error : new Error(messageOf(error))),
    )
  // A stream cannot be sent twice: it must not meet a refused channel.
  if (stdin === undefined || isWhole(stdin)) void send()
  else void first.pid.then(send)
  const { exitCode, code } = await Promise.race([child, stopped])
  if (code === 'ENOENT') throw sshMissing(target.name)
  // A reader that takes its time may not have been given all of it yet.
  await Promise.race([ended, stopped])
  await reception.take(first.rest(), keptError, options.onStderr)
  await reception.read()
  const said = exitCode === OWN ? await readFile(log, 'utf8').catch(() => '') : ''
  void rm(log, { force: true })
  if (/session request failed|Session open refused|shutdown/.test(said))
    throw master.lost ?? new ChannelRefused(said)
  meter.executions++
  meter.bytesSent += Buffer.byteLength(line)
  if (stop.error !== undefined) throw stop.error
  const isOwn = exitCode !== OWN || said.includes(`Received exit status from master ${OWN}`)
  // A master that died may have told the code before the rest of the output.
  if (master.lost !== undefined || (!isOwn && !(await master.isAlive())))
    throw master.lost ?? master.lostNow()
  if (exitCode === undefined || !isOwn) {
    throw new CommandError(`\`${summary(line)}\` ended without an exit code, perhaps by a signal`, {
      host: target.name,
    })
  }
  return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }
}

/** Ends the command on the host, then its channel. */
async function end(
  master: Master,
  said: Promise<string | undefined>,
  kill: () => void,
  ended: Promise<void>,
): Promise<void> {
  const pid = await Promise.race([said, ended, sleep(GRACE)])
  if (typeof pid === 'string' && master.lost === undefined) {
    const line = `kill -TERM -${pid} 2>/dev/null || kill -TERM ${pid} 2>/dev/null || sudo -n kill -TERM -- -${pid} 2>/dev/null`
    await runSsh(sessionArguments(master.socket, master.target, master.newLog(), line))
  }
  const timer = setTimeout(kill, GRACE)
  await ended
  clearTimeout(timer)
}
