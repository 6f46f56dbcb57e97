import type { ClientChannel } from 'ssh2'
import { CommandError } from '../errors.ts'
import type { Stop } from './abort.ts'
import type { Link } from './link.ts'
import { sendSignal } from './remote-signal.ts'
import { ChannelRefused } from './sessions.ts'
import type { ExecOptions, ExecResult } from './transport.ts'
import { sendStdin } from './stdin.ts'
import { Reception } from './reception.ts'
import { summary } from './summary.ts'

/** Counts the payload, not the packets. */
export interface Meter {
  executions: number
  bytesSent: number
  bytesReceived: number
}

/** Milliseconds between the SIGTERM to a command that is given up and the end of its channel. */
const GRACE = 1000

/** Closing at once would kill a shell by SIGPIPE before its trap has cleaned up. */
function end(link: Link, channel: ClientChannel): void {
  sendSignal(link.client, channel, 'TERM')
  channel.resume()
  channel.stderr.resume()
  const timer = setTimeout(() => channel.close(), GRACE)
  channel.on('close', () => clearTimeout(timer))
}

/** SSH_OPEN_CONNECT_FAILED and SSH_OPEN_RESOURCE_SHORTAGE (RFC 4254, section 5.1). sshd says 2 at its MaxSessions. */
const BUSY = new Set<unknown>([2, 4])

function openError(link: Link, command: string, error: Error): Error {
  if (link.lost !== undefined) return link.lost
  const reason: unknown = Reflect.get(error, 'reason')
  if (BUSY.has(reason)) return new ChannelRefused(error.message)
  return new CommandError(`the host refused to run \`${summary(command)}\`: ${error.message}`, {
    host: link.target.name,
    cause: error,
  })
}

/**
 * Runs one command on a channel of its own. Rejects with the link's ConnectError when the connection is lost, with what
 * stopped `stop`, with CommandError when a signal ended the command, with ChannelRefused when no channel was to be had.
 */
export function execute(
  link: Link,
  command: string,
  options: ExecOptions,
  stop: Stop,
  meter: Meter,
): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    stop.onStop(reject)
    // Everything is listened to inside the callback: all of a short command may arrive in one packet.
    const start = (channel: ClientChannel) => {
      stop.onStop(() => end(link, channel))
      if (stop.error !== undefined) return
      meter.executions++
      collect(link, command, channel, options, stop, meter).then(resolve, reject)
      meter.bytesSent += Buffer.byteLength(command)
      // ssh2 takes from it what the host's window allows, and no more.
      sendStdin(channel, options.stdin, bytes => (meter.bytesSent += bytes)).catch((error: unknown) =>
        stop.stop(error instanceof Error ? error : new Error(String(error))),
      )
    }
    try {
      link.client.exec(command, (error, channel) => {
        if (error === undefined) start(channel)
        else reject(openError(link, command, error))
      })
    } catch (error) {
      reject(link.notConnected(error))
    }
  })
}

function collect(
  link: Link,
  command: string,
  channel: ClientChannel,
  options: ExecOptions,
  stop: Stop,
  meter: Meter,
): Promise<ExecResult> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  const reception = new Reception(stop, meter)
  void reception.listen(channel, options.discardStdout === true ? undefined : stdout, options.onStdout)
  void reception.listen(channel.stderr, options.discardStderr === true ? undefined : stderr, options.onStderr)
  // A write to a command that is gone; its end is told by "close".
  channel.on('error', () => undefined)

  let exitCode: number | undefined
  let signal: string | undefined
  channel.on('exit', (code: number | null, name?: string) => {
    exitCode = code ?? undefined
    signal = name
  })
  const closed = new Promise<void>(resolve => channel.on('close', resolve))
  const stderrEnded = new Promise<void>(resolve => channel.stderr.on('end', resolve))
  const { name: host } = link.target
  return Promise.all([closed, stderrEnded]).then(async () => {
    await reception.read()
    if (stop.error !== undefined) throw stop.error
    if (link.lost !== undefined) throw link.lost
    if (signal !== undefined) {
      throw new CommandError(`\`${summary(command)}\` was ended by ${signal}`, { host })
    }
    if (exitCode === undefined) {
      throw new CommandError(`\`${summary(command)}\` ended without an exit code`, { host })
    }
    return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }
  })
}
