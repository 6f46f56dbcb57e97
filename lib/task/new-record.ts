import { randomBytes } from 'node:crypto'
import { jsonOf, type RunRecord } from '../runs/record.ts'
import type { Environment } from './environment.ts'

/** Sorts by time, to the millisecond, and never repeats: 20261122T120000123-3f9a. */
const newRunId = (now: Date): string =>
  `${now.toISOString().replaceAll(/[-:.Z]/g, '')}-${randomBytes(2).toString('hex')}`

/** The record of a run that begins, or goes on under the id, the time and the decisions that it had. */
export function newRecord(
  task: { readonly name: string },
  params: object,
  { resumes, fleet, on, message, version, now }: Environment,
  { owner, hosts }: { readonly owner: string; readonly hosts: readonly string[] },
): RunRecord {
  const began = now()
  return {
    version: 1,
    id: resumes?.runId ?? newRunId(began),
    task: task.name,
    params: jsonOf(params),
    on: [...on],
    fleet: fleet.name,
    owner,
    ...(message === undefined ? {} : { message }),
    startedAt: resumes?.startedAt ?? began.toISOString(),
    hosts: [...hosts],
    pins: { ...resumes?.pins },
    tool: version,
  }
}
