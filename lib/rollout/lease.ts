import { setTimeout as sleep } from 'node:timers/promises'
import {
  AbortedError,
  CommandError,
  LeaseHeldError,
  TimeoutError,
  messageOf,
  type FleetError,
} from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { quote } from '../shell/quote.ts'
import { tail } from '../text/last-lines.ts'
import { sanitise } from '../text/sanitise.ts'
import type { RolloutContext } from './rollout-context.ts'

/** What the holding command says once it has the lock. A login shell may say other things before. */
const HELD = 'fleetfile: held'
const BUSY = 'fleetfile: busy'
/** Milliseconds that a host may take to give or refuse the lock. */
const ACQUIRE = 30_000
/** Milliseconds that a host may take to let go of it before we hang up. */
const RELEASE = 5000

export interface LeaseOptions {
  /** Where the lock files lie: owned by root, and gone after a restart. */
  readonly folder?: string
}

/** What a lease needs of a run. */
export type LeaseContext = Pick<RolloutContext, 'on' | 'warn' | 'signal' | 'runId' | 'owner'>

/** One host's lock, held. */
interface Held {
  release(): Promise<void>
}

/**
 * Does `work` while this run alone holds `name` on all of `hosts`. A host's lock lives as long as a command on our own
 * connection: when we die it is free at once, and nothing is ever to be cleaned up. The lock files are not those of
 * acting scripts, which come and go under it. `work` gets a context whose signal also aborts when a lock is lost.
 */
export async function withLease<C extends LeaseContext, T>(
  ctx: C,
  hosts: readonly FleetHost[],
  name: string,
  work: (ctx: C) => Promise<T>,
  { folder = '/run/fleetfile' }: LeaseOptions = {},
): Promise<T> {
  const gone = new AbortController()
  let lost: Error | undefined
  const onLost = (error: Error) => {
    lost ??= error
    gone.abort()
  }
  const held: Held[] = []
  const path = `${folder}/${name}.swap.lock`
  try {
    // Everybody asks in the same order, so that of two runs one gets the first lock and the other nothing.
    for (const host of hosts.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      held.push(await hold(ctx, host, name, path, onLost))
    }
    const signal = AbortSignal.any([ctx.signal, gone.signal])
    const result = await work({ ...ctx, signal })
    if (lost !== undefined) ctx.warn(`done, but not alone to the end: ${messageOf(lost)}`)
    return result
  } catch (error) {
    // The run was not interrupted by anybody: it stopped since the lock was gone.
    if (error instanceof AbortedError && !ctx.signal.aborted && lost !== undefined) throw lost
    throw error
  } finally {
    await Promise.all(held.map(each => each.release()))
  }
}

const oneLine = (text: string): string => text.replaceAll(/[\0-\x1f\x7f]+/g, ' ')

/** Holds the lock until its stdin ends. Who holds it stands in the file, for those who are refused. */
export function leaseScript(path: string, owner: string, runId: string): string {
  const folder = path.slice(0, path.lastIndexOf('/'))
  const inner = `printf '%s\\n' "$2" "$3" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$1" && echo '${HELD}' && cat >/dev/null; : >"$1"`
  return `umask 077
mkdir -p ${quote(folder)} && chmod 0700 ${quote(folder)} || exit 1
flock -n -E 75 ${quote(path)} sh -c ${quote(inner)} lease ${quote(path)} ${quote(oneLine(owner))} ${quote(oneLine(runId))}
code=$?
[ "$code" -ne 75 ] || { echo '${BUSY}'; cat ${quote(path)}; }
exit "$code"`
}

async function hold(
  ctx: LeaseContext,
  host: FleetHost,
  name: string,
  path: string,
  onLost: (error: Error) => void,
): Promise<Held> {
  const transport = await ctx.on(host).transport()
  let letGo: () => void = () => undefined
  const freed = new Promise<void>(resolve => (letGo = resolve))
  let gotIt: () => void = () => undefined
  const got = new Promise<'held'>(resolve => (gotIt = () => resolve('held')))
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  let said = ''
  let state: 'asking' | 'held' | 'released' = 'asking'

  const command = transport.exec(leaseScript(path, ctx.owner, ctx.runId), {
    root: true,
    stdin: silentUntil(freed),
    signal: stop.signal,
    discardStdout: true,
    onStdout: chunk => {
      said += Buffer.from(chunk).toString('utf8')
      if (said.split('\n').includes(HELD)) gotIt()
    },
  })
  const ended = command.then(
    ({ exitCode, stderr }) => refusal(host, name, exitCode, said, stderr.toString('utf8')),
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  )
  void ended.then(error => {
    if (state === 'held') onLost(lostError(host, name, error))
  })

  const timer = setTimeout(interrupt, ACQUIRE)
  ctx.signal.addEventListener('abort', interrupt, { once: true })
  if (ctx.signal.aborted) interrupt()
  const first = await Promise.race([got, ended])
  clearTimeout(timer)
  ctx.signal.removeEventListener('abort', interrupt)
  if (first !== 'held') {
    letGo()
    if (first instanceof AbortedError && !ctx.signal.aborted) {
      throw new TimeoutError(`did not give its lock for ${name} within ${ACQUIRE / 1000} s`, {
        host: host.name,
        hint: `fleet status --on ${host.name}`,
      })
    }
    throw first
  }
  state = 'held'
  return {
    async release() {
      state = 'released'
      letGo()
      const done = new AbortController()
      const late = sleep(RELEASE, 'late' as const, { signal: done.signal }).catch(() => 'late' as const)
      if ((await Promise.race([ended, late])) === 'late') stop.abort()
      done.abort()
    },
  }
}

/** An input that says nothing, and ends when told. */
async function* silentUntil(end: Promise<void>): AsyncGenerator<Uint8Array> {
  await end
  yield* []
}

function refusal(host: FleetHost, name: string, code: number, said: string, stderr: string): FleetError {
  const lines = said.split('\n')
  const busy = lines.indexOf(BUSY)
  if (code !== 75 || busy === -1) {
    return new CommandError(`no lock for ${name} (exit code ${code})${tail(stderr, { width: 300 })}`, {
      host: host.name,
      hint: `fleet provision --on ${host.name}`,
    })
  }
  const known = lines.slice(busy + 1).map(line => sanitise(line))
  const [owner = '', run = '', since = ''] = known
  return new LeaseHeldError(
    `${name} is being swapped by ${owner || 'somebody'} (run ${run || 'unknown'}, since ${since || 'just now'})`,
    { host: host.name, hint: 'try again when that run has ended; fleet status shows what serves' },
  )
}

const lostError = (host: FleetHost, name: string, cause: Error): FleetError =>
  new CommandError(`lost the lock for ${name}: ${cause.message}`, {
    host: host.name,
    hint: 'run the same command again: it goes on where this stopped',
    cause,
  })
