import { probe } from './probe.ts'
import { ProbeLog, reasonsOf, type ProbeReport, type ProbeSample } from './probe-report.ts'
import { healthPath } from '../proxy/health-path.ts'
import type { Swap } from './swap-target.ts'

/** Requests in flight at most: slow answers must not hide that requests fail. */
const CONCURRENCY = 64

/** Steady traffic through the front door, from before a flip until it is watched no more. */
export interface Proof extends AsyncDisposable {
  /** From now on it is the new slot that answers; `fresh` where nothing answered before it. */
  flipped(fresh?: boolean): void
  /** Why the new slot must not go on serving; undefined while it does well, or where nothing can be proven. */
  fault(): string | undefined
  /** Ends the traffic and tells what it saw, once; undefined where there is no front door to ask. */
  end(): Promise<ProbeReport | undefined>
}

const NONE: Proof = {
  flipped: () => {},
  fault: () => undefined,
  end: () => Promise.resolve(undefined),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}

/** A server answered, whatever it said. */
const reached = ({ failure }: ProbeSample): boolean => failure === undefined || failure.startsWith('HTTP ')

/** Why what came after the flip is too much; undefined when it is not. */
export function faultOf(
  samples: readonly ProbeSample[],
  after: readonly ProbeSample[],
  most: number,
): string | undefined {
  const failed = after.filter(({ failure }) => failure !== undefined)
  if (failed.length <= most || !samples.some(reached)) return undefined
  return `${failed.length} of ${after.length} requests through the front door failed since the flip (${said(failed)})`
}

const said = (samples: readonly ProbeSample[]): string =>
  reasonsOf(samples)
    .map(({ reason, count }) => (count === 1 ? reason : `${count} x ${reason}`))
    .join(', ')

/** What a probe saw, in one line. */
export function describeProof({ requests, failed, p50, p99, longestGap, after }: ProbeReport): string {
  const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(2)
  const since =
    after === undefined
      ? ''
      : `; since the flip ${after.requests}, ${after.failed} failed, p50 ${after.p50} ms, p99 ${after.p99} ms`
  return `${requests} requests through the front door, ${failed} failed, p50 ${p50} ms, p99 ${p99} ms, longest gap ${seconds(longestGap)} s${since}`
}

/**
 * The path to ask for. While users get the maintenance page, only the health path is answered from a slot: the page says
 * nothing of a release.
 */
async function pathToAsk({ ctx, target, proxies }: Asked): Promise<string> {
  const health = healthPath(target.service)
  const { path = health } = target.service.probe ?? {}
  if (path === health) return health
  const admissions = await Promise.all(proxies.map(proxy => proxy.admission().catch(() => undefined)))
  if (!admissions.some(admission => admission?.maintenance === true)) return path
  ctx.note(`users get the maintenance page: ${health} is asked for instead of ${path}`)
  return health
}

type Asked = Pick<Swap, 'ctx' | 'target' | 'proxies'>

/** Begins to ask, at the rate, path and headers that the service declares. */
export function startProof(swap: Asked): Proof {
  const { ctx, target } = swap
  const { door, service } = target
  if (door === undefined || ctx.planOnly) return NONE
  const { perSecond = 10, headers = {}, maxErrors = 0, timeoutSeconds = 10 } = service.probe ?? {}
  const stop = new AbortController()
  const log = new ProbeLog()
  const asking = pathToAsk(swap).then(path =>
    probe({
      url: new URL(path, door.origin),
      addresses: target.proxies.map(({ address }) => address),
      ...(door.ca === undefined ? {} : { ca: door.ca }),
      headers,
      perSecond,
      concurrency: CONCURRENCY,
      timeout: timeoutSeconds * 1000,
      signal: AbortSignal.any([stop.signal, ctx.signal]),
      log,
    }),
  )
  let ended: Promise<ProbeReport> | undefined
  const end = (): Promise<ProbeReport> => (ended ??= finish())
  async function finish(): Promise<ProbeReport> {
    stop.abort()
    const report = await asking
    if (report.requests > 0 && !log.samples.some(reached)) {
      ctx.warn(`not proven: ${target.door?.origin} cannot be reached from here (${said(log.samples)})`)
    } else if (report.after !== undefined || report.failed > 0) ctx.note(describeProof(report))
    return report
  }
  return {
    flipped: fresh => log.mark(fresh),
    fault: () => faultOf(log.samples, log.sinceMark, maxErrors),
    end,
    [Symbol.asyncDispose]: async () => void (await end()),
  }
}
