import { messageOf } from '../errors.ts'
import type { EventSink } from '../events/event.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { closeRun } from '../runs/close.ts'
import type { Ended } from '../runs/ended.ts'
import { auditRan } from '../runs/ran.ts'
import type { TaskContext } from './context.ts'

/** The hosts that a run has changed, by acting scripts or by commands alone: what they are told at its end. */
export class Touched {
  readonly #planned = new Set<string>()
  /** Steps begun, by host. */
  readonly #acted = new Map<string, number>()
  readonly #ran = new Map<string, FleetHost>()

  /**
   * Events go on to `emit`; those of acting scripts are noted. Steps alone are none: a command has one as well, and so has
   * a run that is only followed.
   */
  watch(emit: EventSink): EventSink {
    return event => {
      if (event.type === 'host-planned' && event.changes.length > 0) this.#planned.add(event.host)
      if (event.type === 'step-started' && this.#planned.has(event.host)) {
        this.#acted.set(event.host, this.#begunOn(event.host) + 1)
      }
      emit(event)
    }
  }

  /** A command of the task changed this host. */
  ran = (host: FleetHost): void => void this.#ran.set(host.name, host)

  stepsBegun = ({ name }: FleetHost): number => this.#begunOn(name)

  #begunOn = (host: string): number => this.#acted.get(host) ?? 0

  /** Whether acting scripts have begun anywhere: such a run can be resumed. */
  get isResumable(): boolean {
    return this.#acted.size > 0
  }

  /**
   * Leaves an audit line where commands alone have changed a host, and tells all that were touched, and `more`, how the
   * run ended. What cannot be told is a warning: the work is done by then.
   */
  async close(ctx: TaskContext, ended: Ended, more: readonly FleetHost[]): Promise<void> {
    const unaudited = [...this.#ran.values()].filter(({ name }) => !this.#acted.has(name))
    const audits = unaudited.map(async host => {
      try {
        await auditRan(await ctx.on(host).transport(), ctx.record, ended)
      } catch (error) {
        ctx.warn(messageOf(error).replace(`${host.name}: `, ''), host)
      }
    })
    const names = new Set([...this.#acted.keys(), ...more.map(({ name }) => name)])
    for (const { name } of unaudited) names.delete(name)
    const others = ctx.allHosts.filter(({ name }) => names.has(name))
    await Promise.all([...audits, closeRun(ctx, others, ended, { reopened: more.length > 0 })])
  }
}
