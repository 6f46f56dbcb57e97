import type { z } from 'zod'
import type { Fleet } from '../fleet/model.ts'
import type { Review } from '../resource/review.ts'
import type { TaskContext } from './context.ts'

/** A task's parameters: a strict zod object; each key becomes an option, or an argument when `args` names it. */
export type Params = z.ZodObject

/** What a task gives back. `data` is the `--json` result; `exitCode` is for outcomes that are no error. */
export interface TaskResult {
  readonly data?: unknown
  readonly exitCode?: number
  /** A task to go on with in this task's place, as another run began it: `fleet resume`, `retry`, `apply`. */
  readonly next?: Invocation
}

/** A task as it was asked for. */
export interface Invocation {
  readonly task: string
  readonly params: Readonly<Record<string, unknown>>
  readonly on: readonly string[]
  /** Goes on under this id instead of a new one. */
  readonly runId?: string
  /** When the run that goes on began, ISO 8601. */
  readonly startedAt?: string
  /** Why, in the words of the operator who began it; `--message` stands above it. */
  readonly message?: string
  /** What the run had decided before. */
  readonly pins?: Readonly<Record<string, string>>
  /** What decided them, for people: `run 3f9a`, `the plan`. */
  readonly decidedBy?: string
  /** What was reviewed: it does that and nothing else. */
  readonly review?: Review
  /** What comes after it, once it has succeeded. */
  readonly followedBy?: Invocation
}

export interface Task<P extends Params = Params> {
  /** The words of the command: `workers set`. */
  readonly name: string
  /** One line for help, without a full stop. */
  readonly summary: string
  /** More for `fleet help <task>`: what it changes, what it never does. */
  readonly description?: string
  readonly params: P
  /** Parameters given by position instead of by option, in order. The last may be an array. */
  readonly args?: readonly (keyof z.output<P> & string)[]
  /**
   * The hosts it works on before `--on` narrows them: a role, several, `all`, or `none` for tasks that do not need
   * the fleet's machines to exist.
   */
  readonly hosts: string | readonly string[] | ((fleet: Fleet, params: z.output<P>) => readonly string[])
  readonly examples?: readonly string[]
  /** Where it stands, for an operator who lets go of it at once, where the runs of hosts do not say it. */
  readonly letGo?: string
  /** `false` for tasks that work without a fleet file (`init`, `completion`): `ctx.fleet` is then an empty one. */
  readonly needsFleet?: boolean
  run(ctx: TaskContext, params: z.output<P>): Promise<TaskResult | void>
}

/** A task as a value: `export default defineTask({...})` in `tasks/<name>.ts` makes it a command. */
export const defineTask = <const P extends Params>(task: Task<P>): Task<P> => task
