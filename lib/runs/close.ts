import { setMaxListeners } from 'node:events'
import { CommandError, ConnectError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { program, newNonce } from '../resource/program.ts'
import { quote } from '../shell/quote.ts'
import type { TaskContext } from '../task/context.ts'
import { auditEnded } from './audit-line.ts'
import { ENDED, noteEnded, type Ended } from './ended.ts'
import { RUNS, STOP } from './record.ts'

/** Milliseconds that a host is waited for: the run is over, and what is lost is a line of comfort. */
const PATIENCE = 5000

type CloseContext = Pick<TaskContext, 'on' | 'runId'>

/** A program in the folder of a run; nothing where the host has none. */
const scriptIn = (runId: string, body: string): string =>
  program(newNonce(), `cd ${quote(`${RUNS}/${runId}`)} 2>/dev/null || return 0\numask 077\n${body}`)

/** Tells hosts, side by side, something that nothing depends on: a host that does not answer is passed over. */
async function tell(ctx: CloseContext, hosts: readonly FleetHost[], body: string): Promise<void> {
  const script = scriptIn(ctx.runId, body)
  const late = AbortSignal.timeout(PATIENCE)
  // Every host listens to it.
  setMaxListeners(0, late)
  const gaveUp = new Promise<void>(resolve => late.addEventListener('abort', () => resolve(), { once: true }))
  const told = hosts.map(async host => {
    const transport = await ctx.on(host).transport()
    await transport.exec('sh', { stdin: script, root: true, signal: late })
  })
  await Promise.race([Promise.allSettled(told), gaveUp])
}

/**
 * A run that goes on: it is no longer asked to stop, and has not ended. A host that does not answer gets a warning: what
 * that means is for the task to say. Throws for one that answers and cannot be told.
 */
export async function reopenRun(
  ctx: Pick<TaskContext, 'on' | 'each' | 'runId' | 'warn' | 'timeout' | 'signal'>,
  hosts: readonly FleetHost[],
): Promise<void> {
  const stdin = scriptIn(ctx.runId, `rm -f ${STOP} ${ENDED}`)
  await ctx.each(hosts, async host => {
    try {
      const { exitCode } = await (
        await ctx.on(host).transport()
      ).exec('sh', { timeout: ctx.timeout, signal: ctx.signal, stdin, root: true })
      if (exitCode === 0) return
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error
      ctx.warn(error.message.replace(`${host.name}: `, ''), host)
      return
    }
    throw new CommandError(`run ${ctx.runId} is still asked to stop there`, {
      host: host.name,
      hint: `fleet show ${ctx.runId}`,
    })
  })
}

/**
 * Notes on the hosts that a run has touched how it ended as a whole; in their audit logs as well, where that is more than
 * what its scripts have written there: it failed, or is one that was `reopened`.
 */
export function closeRun(
  ctx: CloseContext & Pick<TaskContext, 'record'>,
  hosts: readonly FleetHost[],
  ended: Ended,
  { reopened }: { readonly reopened: boolean },
): Promise<void> {
  const tells = ended.exitCode !== 0 || reopened
  return tell(ctx, hosts, [noteEnded(ended), ...(tells ? [auditEnded(ctx.record, ended)] : [])].join('\n'))
}
