import { spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { gunzipSync, gzipSync } from 'node:zlib'
import { AbortedError, CommandError } from '../../lib/errors.ts'
import { isWhole, sendStdin, type Stdin } from '../../lib/transport/stdin.ts'
import type { ExecOptions, ExecResult, Transport } from '../../lib/transport/transport.ts'

/** A transport to this machine: `/bin/sh` in place of a server, with the costs that a real one would count. */
export class LocalTransport implements Transport {
  readonly host: string
  readonly user = 'deploy'
  readonly cost = { executions: 0, bytesSent: 0, bytesReceived: 0 }
  /** Rewrites a script before it runs: what a test does to the host meanwhile. */
  rewrite: (script: string) => string = script => script

  constructor(host: string) {
    this.host = host
  }

  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const { stdin } = options
    this.cost.executions += 1
    this.cost.bytesSent += command.length
    const child = spawn('/bin/sh', ['-c', command], { signal: options.signal, detached: false })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => {
      this.cost.bytesReceived += chunk.length
      if (options.discardStdout !== true) out.push(chunk)
      options.onStdout?.(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err.push(chunk)
      options.onStderr?.(chunk)
    })
    child.stdin.on('error', () => undefined)
    void sendStdin(child.stdin, this.#rewritten(stdin), bytes => (this.cost.bytesSent += bytes))
    return new Promise((resolve, reject) => {
      child.once('error', cause => reject(new AbortedError('interrupted', { cause })))
      child.once('close', code => {
        if (code === null) reject(new CommandError('ended by a signal', { host: this.host }))
        else resolve({ exitCode: code, stdout: Buffer.concat(out), stderr: Buffer.concat(err) })
      })
    })
  }

  #rewritten(stdin: Stdin | undefined): Stdin | undefined {
    if (stdin === undefined || isWhole(stdin)) return this.#rewrittenBytes(Buffer.from(stdin ?? ''))
    const rewritten = (chunk: Uint8Array) => this.#rewrittenBytes(Buffer.from(chunk))
    return (async function* () {
      for await (const chunk of stdin) yield rewritten(chunk)
    })()
  }

  /** A program that travels compressed is rewritten all the same. */
  #rewrittenBytes(bytes: Buffer): Buffer {
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b
    const text = this.rewrite((isPacked ? gunzipSync(bytes) : bytes).toString())
    return isPacked ? gzipSync(text) : Buffer.from(text)
  }

  forward(): Promise<Duplex> {
    return Promise.reject(new Error('not in a test'))
  }

  async close(): Promise<void> {}
}
