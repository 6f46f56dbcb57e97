import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { ProbeLog, type ProbeReport } from './probe-report.ts'

export interface ProbeOptions {
  /** What is asked for: `https://app.lab.test/version`. */
  readonly url: URL
  /** The addresses to connect to, in turn; nothing is looked up. The URL's host only goes into the request and TLS. */
  readonly addresses: readonly string[]
  /** Certificates to trust instead of the system's. */
  readonly ca?: string | readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  readonly perSecond: number
  /** Requests in flight at most; one that finds no room is counted as late, not sent. */
  readonly concurrency: number
  /** Milliseconds after which a request has failed. */
  readonly timeout?: number
  /** Milliseconds after which a connection that no request has needed is ended. */
  readonly idle?: number
  /** Ends the probe; what it has seen is still reported. */
  readonly signal: AbortSignal
  /** Tells the version from a body; the first 64 characters of its first line unless told. */
  readonly version?: (body: string) => string
  /** Gets the samples as they come, for whoever must know while it goes on. */
  readonly log?: ProbeLog
}

/**
 * Milliseconds that a connection may be idle. A proxy ends an idle one when it likes (ours all after 15 s, by their
 * templates), and a request that meets that end on its way is a failure which says nothing of the service: so we end it
 * first.
 */
const IDLE = 5_000

/** Steady requests, until stopped or for a time. A request that fails is never sent again: it is what is looked for. */
export async function probe(options: ProbeOptions, milliseconds = Infinity): Promise<ProbeReport> {
  const {
    url,
    addresses,
    ca,
    perSecond,
    concurrency,
    timeout = 10_000,
    idle = IDLE,
    signal,
    log = new ProbeLog(),
  } = options
  const { version = (body: string) => body.split('\n')[0]?.trim().slice(0, 64) ?? '' } = options
  const [first] = addresses
  if (first === undefined || perSecond <= 0) throw new TypeError('a probe needs an address and a rate')
  const keep = { keepAlive: true, maxSockets: concurrency, timeout: idle }
  const secure = url.protocol === 'https:'
  const agent = secure
    ? new HttpsAgent({ ...keep, ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }) })
    : new HttpAgent(keep)
  const flying = new Set<Promise<void>>()

  const ask = (address: string): Promise<void> =>
    new Promise(resolve => {
      const sent = performance.now()
      const end = (failure: string | undefined, seen = ''): void => {
        log.add({
          sent,
          ended: performance.now(),
          ...(failure === undefined ? { version: seen } : { failure }),
        })
        resolve()
      }
      const request = (secure ? httpsRequest : httpRequest)(
        {
          agent,
          host: address,
          port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
          path: `${url.pathname}${url.search}`,
          headers: { 'user-agent': 'fleetfile-probe', ...options.headers, host: url.host },
          servername: url.hostname,
          timeout,
        },
        response => {
          let body = ''
          response.setEncoding('utf8')
          response.on('data', (text: string) => (body += text.slice(0, 1024)))
          response.on('error', error => end(error.message))
          response.on('end', () => {
            const { statusCode = 0 } = response
            if (!response.complete) end('answer cut off')
            else if (statusCode >= 200 && statusCode < 300) end(undefined, version(body))
            else end(`HTTP ${statusCode}`)
          })
        },
      )
      request.on('timeout', () => request.destroy(new Error(`no answer in ${timeout} ms`)))
      request.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
      request.end()
    })

  const started = performance.now()
  await new Promise<void>(resolve => {
    let sent = 0
    const stop = (): void => {
      clearInterval(timer)
      signal.removeEventListener('abort', stop)
      resolve()
    }
    const tick = (): void => {
      const now = performance.now() - started
      if (signal.aborted || now >= milliseconds) return stop()
      // By the clock, not by the timer: a busy machine must not make the traffic thinner.
      for (const due = Math.floor((now / 1000) * perSecond); sent < due; sent += 1) {
        if (flying.size >= concurrency) {
          log.late += 1
          continue
        }
        const one = ask(addresses[sent % addresses.length] ?? first)
        flying.add(one)
        void one.finally(() => flying.delete(one))
      }
    }
    const timer = setInterval(tick, Math.max(1, Math.min(20, 1000 / perSecond)))
    signal.addEventListener('abort', stop, { once: true })
    tick()
  })
  await Promise.all(flying)
  agent.destroy()
  return log.report()
}
