import { messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { sh, type Command } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'
import type { AgedLock, CheckedLock } from './store.ts'

/** Clocks differ, and a process exists a moment before its first lock. */
const TOLERANCE_SECONDS = 30

/** A living sync worker, as its host sees it. */
interface Process {
  readonly pid: number
  readonly ageSeconds: number
}

interface Answer {
  readonly nowSeconds: number
  readonly processes: readonly Process[]
}

/**
 * One question for all processes of a host: which of them live and are sync workers, and for how long. A process id
 * is used again sooner or later, so living is not enough.
 */
export const livenessCommand = (pids: readonly number[]): Command =>
  sh`echo "now $(date +%s)"
up=$(cut -d. -f1 /proc/uptime) tick=$(getconf CLK_TCK)
while read -r pid; do
  line=$(tr '\\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || continue
  case $line in *sync_worker* | *sync-worker*) ;; *) continue ;; esac
  stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
  set -- \${stat##*) }
  shift 19 || continue
  echo "pid $pid $((up - $1 / tick))"
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
      const match = /^pid (\d+) (-?\d+)$/.exec(line)
      return match === null ? [] : [{ pid: Number(match[1]), ageSeconds: Number(match[2]) }]
    }),
  }
}

/**
 * Whether the process that took the lock still lives. A process much younger than the lock is another one. It is not
 * known whose clock wrote the lock, the host's or the database's: the younger of both readings counts, so that a
 * wrong clock can keep a dead lock but never take a living one.
 */
export function holdsLock(lock: AgedLock, answer: Answer): boolean {
  const process = answer.processes.find(({ pid }) => pid === lock.worker)
  if (process === undefined) return false
  if (lock.startedAt === null || lock.ageSeconds === null) return true
  const age = Math.min(lock.ageSeconds, answer.nowSeconds - Date.parse(lock.startedAt) / 1000)
  return process.ageSeconds + TOLERANCE_SECONDS >= age
}

const hostOf = (hosts: readonly FleetHost[], name: string | null): FleetHost | undefined =>
  hosts.find(host => host.name === name) ?? hosts.find(host => host.name === name?.split('.')[0])

/**
 * Asks every host that locks name which of their workers live: one execution each. Locks of hosts that cannot be
 * asked are left out, with a warning: their heartbeats decide.
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
      return held.map(lock => ({ lock, alive: holdsLock(lock, answer) }))
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
