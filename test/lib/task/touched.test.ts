import { expect, test } from 'vitest'
import type { FleetEvent } from '../../../lib/events/event.ts'
import { Touched } from '../../../lib/task/touched.ts'

const step: FleetEvent = { type: 'step-started', host: 'web1', step: 'sleep 20' }
const planned = (host: string, count: number): FleetEvent => ({
  type: 'host-planned',
  host,
  changes: Array.from({ length: count }, () => ({ resource: 'file /a', action: 'create', detail: '' })),
})

test.each([
  ['a command', [step], false],
  ['a plan that was only shown', [planned('web1', 1)], false],
  ['nothing to change, then a command', [planned('web1', 0), step], false],
  ['a change elsewhere, and a command here', [planned('web2', 1), step], false],
  ['a step of what was planned', [planned('web1', 1), step], true],
] as const)('%s: can it be resumed?', (_, events, isResumable) => {
  const touched = new Touched()
  const seen: FleetEvent[] = []
  const emit = touched.watch(event => seen.push(event))
  for (const event of events) emit(event)
  expect(touched.isResumable).toBe(isResumable)
  expect(seen).toEqual(events)
})
