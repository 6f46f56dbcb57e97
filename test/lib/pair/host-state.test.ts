import { describe, expect, test } from 'vitest'
import { fallenIn, uptimeOf } from '../../../lib/pair/fallen.ts'
import { parseHostState } from '../../../lib/pair/host-state.ts'
import type { Manifest } from '../../../lib/release/manifest.ts'
import { releaseRows } from '../../../lib/release/releases.ts'
import type { Slot } from '../../../lib/swap/slot.ts'
import { namedManifests } from '../../../lib/swap/way-back.ts'
import { fakePair } from './fake-pair.ts'

const manifest = (number: number): Manifest => ({
  service: 'dock',
  release: `${number}`.repeat(12),
  label: `v${number}`,
  config: '01234567',
  image: `sha256:${`${number}`.repeat(64)}`,
  port: 8000,
  stopSeconds: 30,
  created: `2026-11-2${number}T00:00:00.000Z`,
})
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')
const said = (number: number, more: readonly string[] = []): string =>
  [
    'running yes',
    `current ${`${number}`.repeat(12)}`,
    `manifest ${encoded(manifest(number))}`,
    `served ${encoded(manifest(number))}`,
    `edition ${encoded(manifest(number))}`,
    ...more,
    '',
  ].join('\n')

describe('what a host of a pair says', () => {
  test('of its slot, and nothing of the other', () => {
    const { states } = parseHostState(said(1, ['works']), 'green')
    expect(states.green).toMatchObject({ running: true, edition: '111111111111-01234567', works: true })
    expect(states.blue).toMatchObject({ running: false, edition: undefined })
  })

  test.each([
    ['a release that was cut off', said(1).replace(/manifest .*\n/, ''), '111111111111-unknown'],
    ['another release than its manifest', said(1).replace('current 1', 'current 2'), '211111111111-unknown'],
    ['no release', 'running yes\n', undefined],
  ])('%s is none of those that are known', (_, output, edition) => {
    expect(parseHostState(output, 'blue').states.blue.edition).toBe(edition)
  })

  test('one host serves, the other is one flip away, what it had before is gone', () => {
    const history = ['1', '2'].map(number => `act ${JSON.stringify(served(Number(number)))}`)
    const hosts = new Map([
      ['sd1a', parseHostState(said(1, [`edition ${encoded(manifest(3))}`, ...history]), 'blue').releases],
      ['sd1b', parseHostState(said(2, history), 'green').releases],
    ])
    const rows = releaseRows(hosts, 'green', slot => [slot === 'blue' ? 'sd1a' : 'sd1b'])
    expect(rows.map(({ label, hosts: where, back }) => [label, where, back])).toEqual([
      ['v3', { sd1a: 'no env' }, { not: 'sd1a: no env' }],
      ['v2', { sd1b: 'live' }, { not: 'serves' }],
      ['v1', { sd1a: 'warm' }, { how: 'flip' }],
    ])
  })

  test('a release whose host does not answer serves nowhere, and is no way back', () => {
    const known = `edition ${encoded(manifest(1))}`
    const hosts = new Map([['sd1b', parseHostState(said(2, [known]), 'green').releases]])
    const names = (slot: Slot) => [slot === 'blue' ? 'sd1a' : 'sd1b']
    const rows = releaseRows(hosts, 'green', names)
    expect(rows.map(({ label, back }) => [label, back])).toEqual([
      ['v2', { not: 'serves' }],
      ['v1', { not: 'its host does not answer' }],
    ])
    const { target } = fakePair().swap
    expect(() => namedManifests({ target, names }, hosts, 'green', 'v1')).toThrow(
      'v1 (111111111111) cannot be brought back\n  its host does not answer',
    )
    expect(namedManifests({ target, names }, hosts, 'green', 'v2')).toBeUndefined()
  })
})

const served = (number: number) => ({
  at: manifest(number).created,
  action: 'deploy',
  slot: number === 1 ? 'blue' : 'green',
  edition: `${`${number}`.repeat(12)}-01234567`,
})

test.each([
  ['dock-web_00  RUNNING   pid 7, uptime 0:00:12', 12],
  ['dock-web_00  RUNNING   pid 7, uptime 1 day, 0:01:00', 86_460],
  ['dock-web_00  RUNNING   pid 7, uptime 12 days, 1:00:00', 1_040_400],
  ['dock-web_00  STOPPED   Not started', undefined],
])('%s', (line, seconds) => {
  expect(uptimeOf(line)).toBe(seconds)
})

test('programs that have not run since the host serves', () => {
  const output = `dock-web_00   RUNNING   pid 7, uptime 0:00:03
dock-web_01   RUNNING   pid 8, uptime 0:10:00
dock-mail_00  BACKOFF   Exited too quickly (process log may have details)
`
  expect(fallenIn(output, 10_000)).toEqual(['dock-web_00 (restarted)', 'dock-mail_00 (BACKOFF)'])
  expect(fallenIn(output, 4000)).toEqual(['dock-mail_00 (BACKOFF)'])
})
