import { expect, test } from 'vitest'
import {
  newestOf,
  parseQuarantines,
  withEntries,
  withoutHost,
  type QuarantineEntry,
} from '../../../lib/rollout/quarantine.ts'

const entry = (host: string, run = 'run-1'): QuarantineEntry => ({
  host,
  since: '2026-11-22T12:00:00.000Z',
  run,
  owner: 'ann@laptop',
  reason: 'timed out',
  release: '0123456789ab',
  label: 'v2',
})

test('who is in quarantine keeps the date and the run that put it there', () => {
  const first = withEntries('web', undefined, [entry('web2')])
  const second = withEntries('web', first, [entry('web2', 'run-2'), entry('web3', 'run-2')])
  expect(second.hosts.map(({ host, run }) => [host, run])).toEqual([
    ['web2', 'run-1'],
    ['web3', 'run-2'],
  ])
  expect([first.serial, second.serial]).toEqual([1, 2])
})

test('a host that was away does not bring an old record back', () => {
  const old = withEntries('web', undefined, [entry('web2')])
  const cleared = withoutHost(old, 'web2')
  for (const records of [
    [old, cleared],
    [cleared, old],
  ]) {
    expect(newestOf(records).get('web')?.hosts).toEqual([])
  }
})

test('each service has a record of its own', () => {
  const web = withEntries('web', undefined, [entry('web2')])
  const sync = withEntries('sync', undefined, [])
  expect([...newestOf([web, sync]).keys()]).toEqual(['web', 'sync'])
})

test('what is written is read back; anything else is passed over', () => {
  const record = withEntries('web', undefined, [entry('web2')])
  const text = [JSON.stringify(record), '{"version":1', '', 'hello', '{"version":9,"hosts":[]}'].join('\n')
  expect(parseQuarantines(text)).toEqual([record])
})
