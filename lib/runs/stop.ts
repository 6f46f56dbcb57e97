import { CommandError, messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { newNonce, program } from '../resource/program.ts'
import { quote } from '../shell/quote.ts'
import type { TaskContext } from '../task/context.ts'
import { tail } from '../text/last-lines.ts'
import type { Stop } from './host-run.ts'
import { RUNS, STOP } from './record.ts'

type StopContext = Pick<TaskContext, 'on' | 'each' | 'warn' | 'signal' | 'timeout'>

async function tell(ctx: StopContext, host: FleetHost, body: string, timeout: number): Promise<void> {
  const transport = await ctx.on(host).transport()
  const script = program(newNonce(), `umask 077\n${body}`)
  const { exitCode, stderr } = await transport.exec('sh', {
    stdin: script,
    root: true,
    signal: ctx.signal,
    timeout,
  })
  if (exitCode === 0) return
  const said = tail(stderr.toString('utf8'), { count: 3, width: 300 })
  throw new CommandError(`cannot be told to stop: exit code ${exitCode}${said}`, { host: host.name })
}

/**
 * Asks a run's scripts on these hosts to begin no further step; where none has begun yet, none will. Hosts that could not
 * be told are warned of and come back.
 */
export async function askToStop(
  ctx: StopContext,
  hosts: readonly FleetHost[],
  id: string,
  stop: Stop,
): Promise<readonly string[]> {
  const folder = quote(`${RUNS}/${id}`)
  const text = quote(JSON.stringify(stop))
  const body = `mkdir -p ${folder} && cd ${folder} || return 1
[ -f ${STOP} ] || { printf '%s\\n' ${text} >${STOP}.new && mv -f ${STOP}.new ${STOP}; }`
  const untold: string[] = []
  await ctx.each(hosts, host =>
    tell(ctx, host, body, ctx.timeout).catch((error: unknown) => {
      ctx.signal.throwIfAborted()
      ctx.warn(messageOf(error), host)
      untold.push(host.name)
    }),
  )
  return untold
}

/** Returns when no script of the run lives on these hosts, or after `--timeout`: ask them again how they stand. */
export async function waitForEnd(ctx: StopContext, hosts: readonly FleetHost[], id: string): Promise<void> {
  const seconds = Math.ceil(ctx.timeout / 1000)
  const body = `for file in ${quote(`${RUNS}/${id}`)}/*.journal; do
  [ ! -f "$file" ] || flock -s -w ${seconds} "$file" true || return 0
done`
  await ctx.each(hosts, host =>
    tell(ctx, host, body, ctx.timeout + 10_000).catch(() => ctx.signal.throwIfAborted()),
  )
}
