import { messageOf } from '../errors.ts'
import type { EventSink } from '../events/event.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { closeRun } from '../runs/close.ts'
import type { Ended } from '../runs/ended.ts'
import { noteRun, RunNote } from '../runs/run-note.ts'
import type { Transport } from '../transport/transport.ts'
import type { TaskContext } from './context.ts'

/** A host that commands of the task change. */
interface Ran {
  readonly host: FleetHost
  /** What was begun there before the first of them. */
  readonly note?: RunNote
}

/** The hosts that a run has changed, by acting scripts or by commands alone: what they are told at its end. */
export class Touched {
  readonly #planned = new Set<string>()
  /** Steps begun, by host. */
  readonly #acted = new Map<string, number>()
  readonly #ran = new Map<string, Ran>()

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

  /**
   * A command of the task is about to change this host. Where the run holds a lease of the host, or has acted, the host
   * knows of the run, and is told its end alone.
   */
  ran(ctx: Pick<TaskContext, 'record' | 'leases'>, host: FleetHost, transport: Transport): void {
    if (this.#ran.has(host.name)) return
    const isLeased = [...(ctx.leases ?? [])].some(key => key.startsWith(`${host.name}/`))
    const isTraced = isLeased || this.#acted.has(host.name)
    this.#ran.set(host.name, isTraced ? { host } : { host, note: new RunNote(transport, ctx.record) })
  }

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
    const hasActed = ({ host }: Ran): boolean => this.#acted.has(host.name)
    const all = [...this.#ran.values()]
    const unaudited = all.filter(ran => !hasActed(ran))
    const names = new Set([...this.#acted.keys(), ...more.map(({ name }) => name)])
    for (const { host } of unaudited) names.delete(host.name)
    const others = ctx.allHosts.filter(({ name }) => names.has(name))
    await Promise.all([
      ...all.filter(hasActed).flatMap(({ note }) => note?.drop() ?? []),
      ...unaudited.map(ran => noteEnd(ctx, ran, ended)),
      closeRun(ctx, others, ended, { reopened: more.length > 0 }),
    ])
  }

  /** Nothing is said of a run that has not begun. */
  async forget(): Promise<void> {
    await Promise.all([...this.#ran.values()].flatMap(({ note }) => note?.drop() ?? []))
  }
}

async function noteEnd(ctx: TaskContext, { host, note }: Ran, ended: Ended): Promise<void> {
  try {
    // One that could not be begun, or was cut off with its connection, is made up for; a host that is silent is asked once.
    if ((await note?.end(ended)) !== true) await noteRun(await ctx.on(host).transport(), ctx.record, ended)
  } catch (error) {
    const why = messageOf(error).replace(`${host.name}: `, '')
    ctx.warn(`the run is not in its audit log: ${why}`, host)
  }
}
