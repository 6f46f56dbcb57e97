import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { z } from 'zod'

/** One kind of user. Rates are what the connections give when nothing holds them up. */
const USERS = [
  { kind: 'keep-alive', path: '/version', connections: 48, pause: 30, fresh: false },
  { kind: 'fresh', path: '/version', connections: 12, pause: 90, fresh: true },
  { kind: 'slow', path: '/slow?seconds=0.5', connections: 8, pause: 100, fresh: false },
  { kind: 'streaming', path: '/stream?seconds=2', connections: 8, pause: 100, fresh: false },
] as const

const counts = z.object({
  requests: z.number(),
  /** Milliseconds. */
  p50: z.number(),
  p99: z.number(),
  max: z.number(),
  connect: z.number(),
  read: z.number(),
  write: z.number(),
  status: z.number(),
  timeout: z.number(),
})

/** What one kind of user met. Answers of 400 and above are in `status`. */
export type Met = z.output<typeof counts> & { readonly kind: string }

export interface Load {
  readonly seconds: number
  readonly met: readonly Met[]
}

export const requestsOf = ({ met }: Load): number => met.reduce((sum, { requests }) => sum + requests, 0)

/** Requests without a good answer, of whatever reason. */
export const failedOf = ({ connect, read, write, status, timeout }: Met): number =>
  connect + read + write + status + timeout

const script = ({ pause, fresh }: (typeof USERS)[number]): string => `
wrk.headers["Host"] = "app.swap.test"
${fresh ? 'wrk.headers["Connection"] = "close"' : ''}
function delay() return ${pause} end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\\nFIGURES {"requests":%d,"p50":%.2f,"p99":%.2f,"max":%.2f,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\\n',
    summary.requests, latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000, e.connect, e.read, e.write, e.status, e.timeout))
end
`

/** Does some work while all kinds of users ask at `origin`: from a second before it until a second after. */
export async function underLoad(folder: string, origin: string, work: () => Promise<void>): Promise<Load> {
  const begun = performance.now()
  const running = await Promise.all(
    USERS.map(async user => {
      const file = join(folder, `${user.kind}.lua`)
      await writeFile(file, script(user))
      const wrk = execa(
        'wrk',
        ['-t1', `-c${user.connections}`, '-d1h', '--timeout', '15s', '-s', file, `${origin}${user.path}`],
        { stdin: 'ignore', reject: false, all: true },
      )
      return { kind: user.kind, wrk }
    }),
  )
  let failure: unknown
  try {
    await sleep(1000)
    await work()
    await sleep(1000)
  } catch (error) {
    failure = error
  }
  // It tells what it has counted.
  for (const { wrk } of running) wrk.kill('SIGINT')
  const seconds = (performance.now() - begun) / 1000
  const met = await Promise.all(
    running.map(async ({ kind, wrk }) => {
      const { all } = await wrk
      const figures = /^FIGURES (.*)$/m.exec(all)?.[1]
      if (figures === undefined) throw new Error(`wrk: ${all}`)
      return { kind, ...counts.parse(JSON.parse(figures)) }
    }),
  )
  if (failure !== undefined) throw failure
  return { seconds, met }
}
