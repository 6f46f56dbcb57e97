import { z } from 'zod'
import { UsageError } from '../errors.ts'

/** Where a host keeps its runs, for root alone: a folder for each run, named by its id. */
export const RUNS = '/var/lib/fleetfile/runs'
/** One line for each acting script that ended on the host, and for each run that changed it by commands. */
export const AUDIT = '/var/lib/fleetfile/audit.jsonl'
/** The record of a run, in its folder. */
export const RECORD = 'run.json'
/** In a run's folder: its acting scripts begin no further step. Holds who asked for that. */
export const STOP = 'stop'

/** The pin of a run that does a reviewed plan and nothing else: a hash of the plan. */
export const PLAN_PIN = 'plan'

/** In a run's folder on a proxy's host: `<service> <slot> flipped|stopped <when>` for each flip, the last one counts. */
export const FLIPS = 'flips'

/** Who runs what and why: written to every host before the run changes anything there. Never a secret. */
export const runRecordSchema = z
  .object({
    version: z.literal(1),
    id: z.string().regex(/^[0-9A-Za-z-]{1,64}$/),
    /** The words of the command. */
    task: z.string(),
    params: z.record(z.string(), z.json()),
    on: z.array(z.string()),
    fleet: z.string(),
    owner: z.string(),
    /** Why, in the operator's words: `--message`. */
    message: z.string().exactOptional(),
    /** ISO 8601, UTC, by the operator's clock. */
    startedAt: z.string(),
    /** Every host that the run is for. */
    hosts: z.array(z.string()),
    /** What the run has decided and a resumed one must decide again: `release web` -> its id. */
    pins: z.record(z.string(), z.string()),
    /** Version of the program that wrote it. */
    tool: z.string(),
  })
  .readonly()

export type RunRecord = z.output<typeof runRecordSchema>

/** Parameters as they are written: what is undefined is left out. */
export const jsonOf = (params: object): RunRecord['params'] =>
  runRecordSchema.unwrap().shape.params.parse(JSON.parse(JSON.stringify(params)))

/**
 * Notes a decision in the record. Throws a UsageError when it was decided otherwise before, by what `decidedBy` names:
 * `run 3f9a`, `the plan`; undefined for a run that takes over nothing.
 */
export function pin(record: RunRecord, name: string, value: string, decidedBy: string | undefined): void {
  const before = record.pins[name]
  if (decidedBy !== undefined && before !== undefined && before !== value) {
    throw new UsageError(`${decidedBy} was for ${name} ${before}, here it is ${value}`, {
      hint: 'bring the source to where it was then, or begin a new run',
    })
  }
  record.pins[name] = value
}

/**
 * The first line of a journal, `001.journal` and up in a run's folder: one for each acting script of the run on this
 * host. What follows it is what the script said, as frames with this nonce: `begin <index>`, the step's output,
 * `end <index> <exit code> <milliseconds>`; at the end `done`, `failed` after the step that failed or, when it was
 * stopped before a step, `stopped`: by then the host is free for the next one. The script holds a `flock` on its journal while it lives: a free one without an end was cut off.
 */
export const journalHeaderSchema = z
  .object({
    version: z.literal(1),
    nonce: z.string(),
    /** The host's boot id: another one now means that a reboot cut it off. */
    boot: z.string(),
    startedAt: z.string(),
    steps: z.array(z.object({ resource: z.string(), title: z.string(), timeout: z.number() })),
  })
  .readonly()

export type JournalHeader = z.output<typeof journalHeaderSchema>

/** A line of a host's audit log. */
export const auditLineSchema = z
  .object({
    version: z.literal(1),
    /** When it ended there, by the host's clock, UTC. */
    at: z.string(),
    run: z.string(),
    task: z.string(),
    params: z.record(z.string(), z.json()),
    owner: z.string(),
    message: z.string().exactOptional(),
    /** `stopped`: by Ctrl-C or `fleet abort`. `ran`: by commands of the task, not by a plan. */
    outcome: z.enum(['changed', 'failed', 'stopped', 'ran']),
    /** Steps that succeeded. */
    changed: z.number(),
    /** The step that failed. */
    failed: z.string().exactOptional(),
    /** How the whole run ended, in the line that its client has written at its end. */
    exitCode: z.number().int().exactOptional(),
    /** The code of its error: `unhealthy`. `cut` without an exit code: its client was lost before it could say. */
    error: z.string().exactOptional(),
  })
  .readonly()

export type AuditLine = z.output<typeof auditLineSchema>
