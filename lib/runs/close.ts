import type { FleetHost } from '../fleet/resolved.ts'
import { program, newNonce } from '../resource/program.ts'
import { quote } from '../shell/quote.ts'
import type { TaskContext } from '../task/context.ts'
import { ENDED, type Ended } from './ended.ts'
import { RUNS, STOP } from './record.ts'

/** Milliseconds that a host is waited for: the run is over, and what is lost is a line of comfort. */
const PATIENCE = 5000

type CloseContext = Pick<TaskContext, 'on' | 'runId'>

/** Tells hosts, side by side, something that nothing depends on: a host that does not answer is passed over. */
async function tell(ctx: CloseContext, hosts: readonly FleetHost[], body: string): Promise<void> {
  const folder = `${RUNS}/${ctx.runId}`
  const script = program(newNonce(), `cd ${quote(folder)} 2>/dev/null || return 0\numask 077\n${body}`)
  const late = AbortSignal.timeout(PATIENCE)
  const gaveUp = new Promise<void>(resolve => late.addEventListener('abort', () => resolve(), { once: true }))
  const told = hosts.map(async host => {
    const transport = await ctx.on(host).transport()
    await transport.exec('sh', { stdin: script, root: true, signal: late })
  })
  await Promise.race([Promise.allSettled(told), gaveUp])
}

/** A run that goes on: it is no longer asked to stop, and has not ended. */
export const reopenRun = (ctx: CloseContext, hosts: readonly FleetHost[]): Promise<void> =>
  tell(ctx, hosts, `rm -f ${STOP} ${ENDED}`)

/** Notes on the hosts that a run has touched how it ended as a whole. */
export function closeRun(ctx: CloseContext, hosts: readonly FleetHost[], ended: Ended): Promise<void> {
  const text = quote(JSON.stringify(ended))
  return tell(ctx, hosts, `printf '%s\\n' ${text} >${ENDED}.new && mv -f ${ENDED}.new ${ENDED}`)
}
