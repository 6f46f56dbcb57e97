import { Duplex } from 'node:stream'

/**
 * A tunnel's stream with the methods of a socket that `pg` calls. It is connected from the start; `connect` only says
 * so. Nothing listens on this side.
 */
export class PostgresStream extends Duplex {
  readonly #tunnel: Duplex

  constructor(tunnel: Duplex) {
    super()
    this.#tunnel = tunnel
    tunnel.on('data', (chunk: Uint8Array) => {
      if (!this.push(chunk)) tunnel.pause()
    })
    tunnel.on('end', () => this.push(null))
    tunnel.on('error', error => this.destroy(error))
    tunnel.on('close', () => this.#closed())
  }

  /** The server's last words, such as why it refused a login, may still wait to be read. */
  #closed(): void {
    if (this.readableEnded) this.destroy()
    else {
      this.once('end', () => this.destroy())
      this.push(null)
    }
  }

  connect(): this {
    queueMicrotask(() => this.emit('connect'))
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {
    this.#tunnel.resume()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#tunnel.write(chunk, done)
  }

  override _final(done: () => void): void {
    this.#tunnel.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#tunnel.destroy()
    done(error)
  }
}
