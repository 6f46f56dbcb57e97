import { request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { probe } from '../../lib/swap/probe.ts'
import type { ProbeReport } from '../../lib/swap/probe-report.ts'

/** What a user meets: the proxy's address, asked under the service's name. */
export class FrontDoor {
  readonly #name: string
  readonly #address: () => string
  /** PEM of the authority that the certificate is checked against. */
  ca = ''

  constructor(name: string, address: () => string) {
    this.#name = name
    this.#address = address
  }

  #url(path: string): URL {
    return new URL(`https://${this.#name}${path}`)
  }

  /** Does something under steady traffic. */
  async underLoad<T>(work: () => Promise<T>, path = '/version'): Promise<{ result: T; report: ProbeReport }> {
    const stop = new AbortController()
    const probing = probe({
      url: this.#url(path),
      addresses: [this.#address()],
      ca: this.ca,
      perSecond: 50,
      concurrency: 20,
      signal: stop.signal,
    })
    await sleep(500)
    try {
      const result = await work()
      await sleep(500)
      stop.abort()
      return { result, report: await probing }
    } finally {
      stop.abort()
    }
  }

  /** The body of one answer; rejects when it was cut off. */
  get(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const { host, pathname, search, hostname } = this.#url(path)
      const options = {
        host: this.#address(),
        path: `${pathname}${search}`,
        servername: hostname,
        headers: { host },
        ca: this.ca,
        agent: false as const,
      }
      request(options, response => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => (body += text))
        response.on('end', () => (response.complete ? resolve(body) : reject(new Error('cut off'))))
        response.on('error', reject)
      })
        .on('error', reject)
        .end()
    })
  }
}
