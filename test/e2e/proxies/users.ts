import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Agent, request, type RequestOptions } from 'node:https'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** One request of a user whose program keeps its connection. Times are of `performance.now()`. */
export interface Asked {
  readonly sent: number
  readonly ended: number
  /** The first line of the answer, or what went wrong. */
  readonly answer: string
  readonly status: number
  /** Whether it went over a connection that had been used before. */
  readonly reused: boolean
}

/** Users of one service, who reach it by its name at the proxy's address. */
export class Users {
  readonly #name: string
  readonly #address: () => string
  readonly #ca: () => string

  constructor(name: string, address: () => string, ca: () => string) {
    this.#name = name
    this.#address = address
    this.#ca = ca
  }

  #options(path: string, more: RequestOptions): RequestOptions {
    const host = this.#name
    return {
      host: this.#address(),
      servername: host,
      headers: { host },
      ca: this.#ca(),
      path,
      agent: false,
      timeout: 20_000,
      ...more,
    }
  }

  /** The whole answer of one request; status 0 with the reason when there is none, or it was cut off. */
  ask(path: string, more: RequestOptions = {}, body = ''): Promise<Asked & { readonly body: string }> {
    return new Promise(resolve => {
      const sent = performance.now()
      let text = ''
      const asking = request(this.#options(path, more))
      const end = (status: number, answer: string) =>
        resolve({ sent, ended: performance.now(), status, answer, reused: asking.reusedSocket, body: text })
      asking.on('response', (response: IncomingMessage) => {
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('error', error => end(0, error.message))
        response.on('end', () =>
          end(response.complete ? (response.statusCode ?? 0) : 0, text.split('\n')[0] ?? ''),
        )
      })
      asking.on('timeout', () => asking.destroy(new Error('no answer')))
      asking.on('error', (error: NodeJS.ErrnoException) => end(0, error.code ?? error.message))
      asking.end(body)
    })
  }

  /** A connection that has left HTTP behind. */
  socket(path: string): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const key = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
      }
      const asking = request(this.#options(path, { headers: { host: this.#name, ...key } }))
      asking.on('upgrade', (_, socket) => resolve(socket))
      asking.on('response', ({ statusCode }) => reject(new Error(`HTTP ${statusCode}`)))
      asking.on('error', reject)
      asking.end()
    })
  }

  /** Does something while `count` users ask one thing after another, each over a connection of its own that it keeps. */
  async during<T>(work: () => Promise<T>, { count = 12, path = '/', between = 15 } = {}) {
    const asked: Asked[] = []
    const over = new AbortController()
    const users = Array.from({ length: count }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      while (!over.signal.aborted) {
        asked.push(await this.ask(path, { agent }))
        await sleep(Math.random() * 2 * between)
      }
      agent.destroy()
    })
    await sleep(400)
    try {
      const result = await work()
      await sleep(400)
      return { result, asked }
    } finally {
      over.abort()
      await Promise.all(users)
    }
  }
}

/** What went wrong, with how often; empty when nothing did. */
export const failures = (asked: readonly Asked[]): Readonly<Record<string, number>> => {
  const found: Record<string, number> = {}
  for (const { status, answer } of asked)
    if (status !== 200) found[`${status} ${answer}`] = (found[`${status} ${answer}`] ?? 0) + 1
  return found
}
