import { CommandError, messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { newNonce, program, runnerFor } from '../resource/program.ts'
import { requestStop } from '../resource/stop.ts'
import { quote } from '../shell/quote.ts'
import type { TaskContext } from '../task/context.ts'
import { tail } from '../text/last-lines.ts'
import { RUNS } from './record.ts'

type StopContext = Pick<TaskContext, 'on' | 'each' | 'warn' | 'signal' | 'timeout'>

async function tell(ctx: StopContext, host: FleetHost, body: string, timeout: number): Promise<string> {
  const transport = await ctx.on(host).transport()
  const script = program(newNonce(), `umask 077\n${body}`)
  const { exitCode, stdout, stderr } = await transport.exec('sh', {
    stdin: script,
    root: true,
    signal: ctx.signal,
    timeout,
  })
  if (exitCode === 0) return stdout.toString('utf8')
  const said = tail(stderr.toString('utf8'), { count: 3, width: 300 })
  throw new CommandError(`cannot tell whether its run has ended: exit code ${exitCode}${said}`, {
    host: host.name,
  })
}

/**
 * Asks a run's scripts on these hosts to begin no further step; where none has begun yet, none will. Hosts that could not
 * be told are warned of and come back.
 */
export async function askToStop(
  ctx: StopContext,
  hosts: readonly FleetHost[],
  id: string,
  owner: string,
): Promise<readonly string[]> {
  const limit = { signal: ctx.signal, timeout: ctx.timeout }
  const ask = async (host: FleetHost) => {
    const transport = await ctx.on(host).transport()
    await requestStop(transport, runnerFor(transport.user, true), { id, owner }, limit)
  }
  const untold: string[] = []
  await ctx.each(hosts, host =>
    ask(host).catch((error: unknown) => {
      ctx.signal.throwIfAborted()
      ctx.warn(messageOf(error), host)
      untold.push(host.name)
    }),
  )
  return untold
}

/** The run's client was at work when it was asked for, by the leases that it held. */
const ALIVE = 'fleetfile: its client lives'

/**
 * Returns when neither a script of the run lives on these hosts nor a lease of its client is held there, or after
 * `--timeout`: ask them again how they stand. True when its client was alive: it says how the run ended a moment later.
 */
export async function waitForEnd(
  ctx: StopContext,
  hosts: readonly FleetHost[],
  id: string,
): Promise<boolean> {
  const seconds = Math.ceil(ctx.timeout / 1000)
  const body = `for file in ${quote(`${RUNS}/${id}`)}/*.journal; do
  [ ! -f "$file" ] || flock -s -w ${seconds} "$file" true || return 0
done
for file in /run/fleetfile/*.lease; do
  [ -f "$file" ] && [ "$(sed -n 2p "$file")" = ${quote(id)} ] || continue
  flock -n -s "$file" true || { echo ${quote(ALIVE)}; flock -s -w ${seconds} "$file" true || return 0; }
done`
  const answers = await ctx.each(hosts, host =>
    tell(ctx, host, body, ctx.timeout * 2 + 10_000).catch(() => {
      ctx.signal.throwIfAborted()
      return ''
    }),
  )
  return [...answers.values()].some(said => said.includes(ALIVE))
}
