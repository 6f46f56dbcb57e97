import type { Readable } from 'node:stream'
import type { Stop } from './abort.ts'
import type { Meter } from './execute.ts'
import type { ExecOptions } from './transport.ts'

/**
 * What a command says, as it comes: kept, counted, and handed to a listener. One that returns a promise holds the stream
 * back until it is settled, and so the host, which stops sending when its window is used up. What a listener throws
 * stops the command.
 */
export class Reception {
  readonly #stop: Stop
  readonly #meter: Meter
  readonly #reading = new Set<Promise<unknown>>()

  constructor(stop: Stop, meter: Meter) {
    this.#stop = stop
    this.#meter = meter
  }

  /** Listens to a stream, and resolves at its end. `part` takes out of a chunk what is not the command's. */
  listen(
    stream: Readable,
    kept: Buffer[] | undefined,
    tell: ExecOptions['onStdout'],
    part: (chunk: Buffer) => Buffer = chunk => chunk,
  ): Promise<void> {
    let before: Promise<unknown> | undefined
    stream.on('data', (chunk: Buffer) => {
      const own = part(chunk)
      // Some streams deliver once more after they were paused: the listener still gets one chunk after the other.
      const taken = before?.then(() => this.take(own, kept, tell)) ?? this.take(own, kept, tell)
      if (taken === undefined) return
      stream.pause()
      const read = taken.finally(() => {
        this.#reading.delete(read)
        if (before !== read) return
        before = undefined
        stream.resume()
      })
      before = read
      this.#reading.add(read)
    })
    return new Promise(resolve => stream.once('end', resolve).once('close', resolve))
  }

  /** Takes one chunk; the promise is of a listener that wants time. */
  take(
    chunk: Buffer,
    kept: Buffer[] | undefined,
    tell: ExecOptions['onStdout'],
  ): Promise<unknown> | undefined {
    if (this.#stop.error !== undefined || chunk.length === 0) return undefined
    this.#meter.bytesReceived += chunk.length
    kept?.push(chunk)
    try {
      const taken = tell?.(chunk)
      return taken instanceof Promise ? taken.catch((error: unknown) => this.#failed(error)) : undefined
    } catch (error) {
      this.#failed(error)
      return undefined
    }
  }

  /** When every listener has taken what it was given. */
  async read(): Promise<void> {
    if (this.#stop.error === undefined) await Promise.all(this.#reading)
  }

  #failed(error: unknown): void {
    this.#stop.stop(error instanceof Error ? error : new Error(String(error)))
  }
}
