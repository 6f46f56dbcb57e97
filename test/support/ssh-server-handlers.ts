import { spawn } from 'node:child_process'
import type { ServerChannel } from 'ssh2'

/** One command that a client asked the server to run. */
export interface ExecRequest {
  readonly command: string
  readonly channel: ServerChannel
  /** Signals that the client sent, by name without SIG. Filled while the command runs. */
  readonly signals: string[]
  readonly onSignal: (listener: (name: string) => void) => void
  /** Cuts the TCP connection of this client. */
  readonly drop: () => void
}

export type ExecHandler = (request: ExecRequest) => void

export interface Response {
  readonly stdout?: string | Uint8Array
  readonly stderr?: string | Uint8Array
  readonly code?: number
  /** Ends by a signal, named without SIG. */
  readonly signal?: string
}

function finish(channel: ServerChannel, code: number | null, signal?: string): void {
  if (signal !== undefined) channel.exit(signal)
  else channel.exit(code ?? 255)
  channel.end()
}

/** All that the client sends on stdin. */
export async function readStdin(channel: ServerChannel): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of channel) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** The same answer to every command. */
export const respond =
  (response: Response): ExecHandler =>
  ({ channel }) => {
    channel.resume()
    if (response.stderr !== undefined) channel.stderr.write(response.stderr)
    if (response.stdout !== undefined) channel.write(response.stdout)
    finish(channel, response.code ?? 0, response.signal)
  }

/** Runs the command with a real `/bin/sh -c`, here. */
export const shell: ExecHandler = ({ command, channel, onSignal }) => {
  const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: 'pipe' })
  const kill = (name: NodeJS.Signals) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    try {
      process.kill(-child.pid, name)
    } catch {
      // It ended by itself in between.
    }
  }
  onSignal(name => kill(name === 'INT' ? 'SIGINT' : 'SIGTERM'))
  channel.on('close', () => kill('SIGKILL'))
  child.stdin.on('error', () => undefined)
  channel.pipe(child.stdin)
  child.stdout.pipe(channel, { end: false })
  child.stderr.on('data', (chunk: Buffer) => channel.stderr.write(chunk))
  child.on('close', (code, signal) => {
    // ssh2 calls a channel closed only when all of its input was read.
    channel.unpipe()
    channel.resume()
    finish(channel, code, signal?.replace(/^SIG/, ''))
  })
}

/** Answers with what came on stdin. */
export const echo: ExecHandler = ({ channel }) => {
  channel.pipe(channel, { end: false })
  channel.on('end', () => finish(channel, 0))
}

/** Never ends, says nothing. */
export const hang: ExecHandler = ({ channel }) => {
  channel.resume()
}

/** Sends a first part, then cuts the connection. */
export const dropMidCommand: ExecHandler = ({ channel, drop }) => {
  channel.resume()
  channel.write('partial\n', () => setImmediate(drop))
}

/** Sends an exit code of 0, and cuts the connection before the channel is closed. */
export const dropAfterExit: ExecHandler = ({ channel, drop }) => {
  // Its input is not read: ssh2 closes the channel by itself when that ends, and the command would be whole.
  channel.write('partial\n')
  channel.exit(0)
  setImmediate(drop)
}

/** Closes the channel without an exit code. */
export const halfClose: ExecHandler = ({ channel }) => {
  channel.resume()
  channel.end('half\n')
}

/** Sends each byte in a packet of its own. */
export const byteByByte =
  (text: string): ExecHandler =>
  ({ channel }) => {
    channel.resume()
    for (const byte of Buffer.from(text)) {
      channel.write(Buffer.from([byte]))
      channel.stderr.write(Buffer.from([byte]))
    }
    finish(channel, 0)
  }

/** Output for as long as the client takes it. */
export const endless: ExecHandler = ({ channel }) => {
  channel.resume()
  const block = Buffer.alloc(32 * 1024, 'x')
  let open = true
  channel.on('close', () => {
    open = false
  })
  const more = () => {
    if (open) channel.write(block, () => setImmediate(more))
  }
  more()
}
