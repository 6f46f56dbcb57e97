import { execFileSync, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { AbortedError, CommandError, ConnectError, TimeoutError } from '../../lib/errors.ts'
import { quote } from '../../lib/shell/quote.ts'
import { sendStdin } from '../../lib/transport/stdin.ts'
import type { ExecOptions, ExecResult, Transport, TransportCost } from '../../lib/transport/transport.ts'

/** A container as a host: `docker exec -i` in place of SSH, counted the same. */
export class DockerTransport implements Transport {
  readonly host: string
  readonly user: string
  readonly #container: string
  #executions = 0
  #bytesSent = 0
  #bytesReceived = 0
  /** Ends the client of the execution in progress, as a lost connection does. */
  drop: () => void = () => undefined

  constructor(container: string, { host = container, user = 'root' } = {}) {
    this.#container = container
    this.host = host
    this.user = user
  }

  get cost(): TransportCost {
    return { executions: this.#executions, bytesSent: this.#bytesSent, bytesReceived: this.#bytesReceived }
  }

  exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    this.#executions += 1
    const { stdin, signal, timeout, onStdout, onStderr, discardStdout = false } = options
    const line =
      options.root === true && this.user !== 'root' ? `sudo -n -- sh -c ${quote(command)}` : command
    const child = spawn('docker', ['exec', '-i', '-u', this.user, this.#container, 'sh', '-c', line])
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => {
      this.#bytesReceived += chunk.length
      if (!discardStdout) stdout.push(chunk)
      onStdout?.(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr.push(chunk)
      onStderr?.(chunk)
    })
    child.stdin.on('error', () => undefined)
    void sendStdin(child.stdin, stdin, bytes => (this.#bytesSent += bytes))
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        reject(error)
        child.kill('SIGKILL')
      }
      this.drop = () => fail(new ConnectError('connection lost', { host: this.host }))
      const timer =
        timeout === undefined ? undefined : setTimeout(() => fail(new TimeoutError('timeout')), timeout)
      signal?.addEventListener('abort', () => fail(new AbortedError('aborted')), { once: true })
      child.on('error', reject)
      child.on('close', code => {
        clearTimeout(timer)
        if (code === null) reject(new CommandError('docker exec was ended by a signal'))
        else resolve({ exitCode: code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) })
      })
    })
  }

  forward(): Promise<Duplex> {
    return Promise.reject(new Error('a container has no forward'))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Runs a script for the test itself: not counted. Throws when it fails. */
  run(script: string): string {
    return execFileSync('docker', ['exec', '-i', this.#container, 'sh', '-c', script], { encoding: 'utf8' })
  }
}
