import { messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { sh, type Command } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'
import type { AgedLock, CheckedLock } from './store.ts'

/** Clocks differ, and a process exists a moment before its first lock. */
const TOLERANCE_SECONDS = 30

/** A living process, as its host sees it. */
interface Process {
  readonly pid: number
  /** Whether its command line is a sync worker's. */
  readonly isWorker: boolean
  readonly ageSeconds: number
}

interface Answer {
  readonly nowSeconds: number
  readonly processes: readonly Process[]
}

/**
 * One question for all processes of a host: which of them live, for how long, and which are sync workers. A process id
 * is used again sooner or later, so living is not enough. A zombie does not live.
 */
export const livenessCommand = (pids: readonly number[]): Command =>
  sh`echo "now $(date +%s)"
up=$(cut -d. -f1 /proc/uptime) tick=$(getconf CLK_TCK)
while read -r pid; do
  stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
  line=$(tr '\\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || line=
  case $line in *sync_worker* | *sync-worker*) kind=pid ;; *) kind=other ;; esac
  set -- \${stat##*) }
  case $1 in Z | X) continue ;; esac
  shift 19 || continue
  echo "$kind $pid $((up - $1 / tick))"
done 2>/dev/null
echo end`.input(pids.map(pid => `${pid}\n`).join(''))

/** Reads the answer; undefined when it is not whole. */
export function readLiveness(output: string): Answer | undefined {
  const lines = output.trim().split('\n')
  const now = /^now (\d+)$/.exec(lines[0] ?? '')
  if (now === null || lines.at(-1) !== 'end') return undefined
  return {
    nowSeconds: Number(now[1]),
    processes: lines.flatMap(line => {
      const match = /^(pid|other) (\d+) (-?\d+)$/.exec(line)
      if (match === null) return []
      return [{ pid: Number(match[2]), isWorker: match[1] === 'pid', ageSeconds: Number(match[3]) }]
    }),
  }
}

/** `unknown`: a process of that number lives, but does not look like a sync worker. */
export type WorkerState = 'alive' | 'dead' | 'unknown'

/**
 * Whether the process that took the lock still lives. A process much younger than the lock is another one. It is not
 * known whose clock wrote the lock, the host's or the database's: the younger of both readings counts, so that a
 * wrong clock can keep a dead lock but never take a living one. A worker may go by any name, so a process that is old
 * enough and not recognised is no proof either way.
 */
export function workerState(lock: AgedLock, answer: Answer): WorkerState {
  const process = answer.processes.find(({ pid }) => pid === lock.worker)
  if (process === undefined) return 'dead'
  if (lock.startedAt !== null && lock.ageSeconds !== null) {
    const age = Math.min(lock.ageSeconds, answer.nowSeconds - Date.parse(lock.startedAt) / 1000)
    if (process.ageSeconds + TOLERANCE_SECONDS < age) return 'dead'
  }
  return process.isWorker ? 'alive' : 'unknown'
}

/** The host of the fleet that a lock names, by its name or by the first part of a longer one. */
export const hostOf = (hosts: readonly FleetHost[], name: string | null): FleetHost | undefined =>
  hosts.find(host => host.name === name) ?? hosts.find(host => host.name === name?.split('.')[0])

function warnUnknown(ctx: TaskContext, host: FleetHost, locks: readonly AgedLock[]): void {
  const pids = [...new Set(locks.map(({ worker }) => worker))]
  const named = pids.slice(0, 5).join(', ') + (pids.length > 5 ? ', ...' : '')
  ctx.warn(
    `living processes not recognised as sync workers (${named}): ${locks.length} locks judged by their heartbeats`,
    host,
  )
}

/**
 * Asks every host that locks name which of their workers live: one execution each. Locks of hosts that cannot be
 * asked, and of processes that are not recognised, are left out, with a warning: their heartbeats decide.
 */
export async function checkLocks(
  ctx: TaskContext,
  locks: readonly AgedLock[],
): Promise<readonly CheckedLock[]> {
  const byHost = new Map<FleetHost, AgedLock[]>()
  const strangers: AgedLock[] = []
  for (const lock of locks) {
    const host = hostOf(ctx.allHosts, lock.host)
    if (host === undefined) strangers.push(lock)
    else byHost.set(host, [...(byHost.get(host) ?? []), lock])
  }
  if (strangers.length > 0) {
    const names = [...new Set(strangers.map(({ host }) => host ?? 'no host'))].join(', ')
    ctx.warn(`${strangers.length} locks name hosts outside this fleet (${names}): judged by their heartbeats`)
  }
  const ask = async (host: FleetHost): Promise<readonly CheckedLock[]> => {
    const held = byHost.get(host) ?? []
    try {
      const pids = [...new Set(held.map(({ worker }) => worker))]
      // Root, since a host that hides other users' processes would make every worker look dead.
      const { stdout } = await ctx.on(host).read(livenessCommand(pids), { root: true, timeout: 15_000 })
      const answer = readLiveness(stdout.toString('utf8'))
      if (answer === undefined) throw new Error('its answer was cut short')
      const judged = held.map(lock => ({ lock, state: workerState(lock, answer) }))
      const unknown = judged.filter(({ state }) => state === 'unknown').map(({ lock }) => lock)
      if (unknown.length > 0) warnUnknown(ctx, host, unknown)
      return judged.flatMap(({ lock, state }) =>
        state === 'unknown' ? [] : [{ lock, alive: state === 'alive' }],
      )
    } catch (error) {
      ctx.signal.throwIfAborted()
      ctx.warn(
        `workers not checked (${messageOf(error)}): ${held.length} locks judged by their heartbeats`,
        host,
      )
      return []
    }
  }
  return [...(await ctx.each([...byHost.keys()], ask)).values()].flat()
}
