import { expect, test } from 'vitest'
import { parseProcessReleases, processReleaseRows } from '../../../lib/release/process-releases.ts'
import { processReleasesTable } from '../../../lib/release/releases-table.ts'

const A = 'a'.repeat(12)
const B = 'b'.repeat(12)

test('releases of processes, by what each host has unpacked', () => {
  const hosts = new Map([
    ['sync1', parseProcessReleases(`${A} 1000 no v1\n${B} 2000 yes v2 \x1b[31m\nnonsense\n`)],
    ['sync2', parseProcessReleases(`${A} 1500 yes v1\n`)],
  ])
  const rows = processReleaseRows(hosts)
  expect(rows).toEqual([
    {
      release: B,
      label: 'v2',
      created: '1970-01-01T00:33:20.000Z',
      hosts: { sync1: 'live', sync2: 'absent' },
    },
    { release: A, label: 'v1', created: '1970-01-01T00:16:40.000Z', hosts: { sync1: 'held', sync2: 'live' } },
  ])
  expect(processReleasesTable(rows, new Date(2_060_000))).toMatch(
    /v2 +b{12} +1m ago +live: sync1; absent: sync2/,
  )
})
