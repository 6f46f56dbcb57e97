import type { RunRecord } from '../../lib/runs/record.ts'

/** The record of a run that is not one. */
export const testRecord = (more: Partial<RunRecord> = {}): RunRecord => ({
  version: 1,
  id: 'run-1',
  task: 'test',
  params: {},
  on: [],
  fleet: 'test',
  owner: 'test@here',
  startedAt: '2026-11-22T12:00:00.000Z',
  hosts: [],
  pins: {},
  tool: '0.0.0-test',
  ...more,
})
