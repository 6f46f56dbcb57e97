import type { FleetHost } from '../fleet/resolved.ts'
import type { CommandOptions, TaskContext } from '../task/context.ts'

/** What a script says on stderr before it waits for the work of a run that was stopped. */
export const WAITS = 'waits for an earlier one'

/** Says once, while it is so, that `what` waits: it may be hours. */
export function tellWaits(
  ctx: Pick<TaskContext, 'note'>,
  host: FleetHost,
  what: string,
): Pick<CommandOptions, 'onStderr'> {
  let said = ''
  return {
    onStderr: chunk => {
      if (said.includes(WAITS)) return
      said = (said + Buffer.from(chunk).toString('utf8')).slice(-4096)
      if (said.includes(WAITS))
        ctx.note(`${what} of an earlier run still works there: waiting for its end`, host)
    },
  }
}
