import { describe, expect, test } from 'vitest'
import { parseHostReleases, type HostReleases } from '../../../lib/container/host-releases.ts'
import { contractAcross, mergedHistory } from '../../../lib/migration/across-contract.ts'
import { chooseRelease, requireStartable } from '../../../lib/release/choose-release.ts'
import type { HistoryEntry } from '../../../lib/release/history-entry.ts'
import { editionOf, type Manifest } from '../../../lib/release/manifest.ts'
import { releaseRows } from '../../../lib/release/releases.ts'
import { releasesTable, whereText } from '../../../lib/release/releases-table.ts'

const manifest = (number: number, more: Partial<Manifest> = {}): Manifest => ({
  service: 'web',
  release: `${number}`.repeat(12),
  label: `v${number}`,
  config: '01234567',
  image: `sha256:${`${number}`.repeat(64)}`,
  port: 8000,
  stopSeconds: 30,
  created: `2026-11-2${number}T00:00:00.000Z`,
  ...more,
})
const V1 = manifest(1)
const V2 = manifest(2, { contract: ['contract'], owner: 'ann@laptop', message: 'new login' })
const V3 = manifest(3)
const rotated = manifest(2, { config: '76543210' })

const act = (hour: number, action: HistoryEntry['action'], of: Manifest): HistoryEntry => ({
  at: `2026-11-23T${String(hour).padStart(2, '0')}:00:00.000Z`,
  action,
  slot: 'blue',
  edition: editionOf(of),
  label: of.label,
})
const held = (of: Manifest, more = {}) => ({
  manifest: of,
  hasEnv: true,
  hasImage: true,
  isExpanded: false,
  isContracted: false,
  ...more,
})
const host = (more: Partial<HostReleases> = {}): HostReleases => ({
  editions: [held(V1), held(V2), held(V3)],
  slots: {
    blue: { edition: editionOf(V3), running: true },
    green: { edition: editionOf(V2), running: true },
  },
  history: [act(1, 'deploy', V1), act(2, 'deploy', V2), act(3, 'deploy', V3)],
  ...more,
})
const rowsOf = (...hosts: HostReleases[]) =>
  releaseRows(new Map(hosts.map((each, index) => [`web${index + 1}`, each])), 'blue')

describe('what hosts say of their releases', () => {
  test('is read, whatever else is printed', () => {
    const encoded = Buffer.from(JSON.stringify(V2)).toString('base64')
    const output = `edition yes no no ${encoded}
edition yes yes yes bm90aGluZw==
slot green true ${editionOf(V2)}
image ${V2.image}
act ${JSON.stringify(act(1, 'deploy', V2))}
act {"at":"x"}
`
    expect(parseHostReleases(output)).toEqual({
      editions: [held(V2)],
      slots: { blue: undefined, green: { edition: editionOf(V2), running: true } },
      history: [act(1, 'deploy', V2)],
    })
  })

  test('becomes rows, the newest first, each with where it is and the way back', () => {
    expect(
      rowsOf(host(), host()).map(({ label, hosts, back, schema }) => [label, hosts.web2, back, schema]),
    ).toEqual([
      ['v3', 'live', { not: 'serves' }, 'none'],
      ['v2', 'warm', { how: 'flip' }, 'contract due'],
      ['v1', 'held', { how: 'start' }, 'none'],
    ])
    const text = releasesTable(rowsOf(host(), host()), new Date('2026-11-23T05:00:00Z'))
    expect(text).toMatch(/^RELEASE +ID +WHEN +BY +WHY +DIGEST +ENV +SCHEMA +WHERE +WAY BACK\nv3 /)
    expect(text).toMatch(
      /\nv2 +2{12} +3h ago +ann@laptop +new login +2{12} +01234567 +contract due +warm +one flip\n/,
    )
  })

  test.each([
    ['no image', { editions: [held(V1, { hasImage: false }), held(V2), held(V3)] }, 'web2: no image'],
    ['no environment', { editions: [held(V1, { hasEnv: false }), held(V2), held(V3)] }, 'web2: no env'],
    ['nothing of it', { editions: [held(V2), held(V3)] }, 'web2: not there'],
  ])('a host with %s is no way back', (_, more, reason) => {
    const rows = rowsOf(host(), host(more))
    const row = chooseRelease('web', rows, 'v1')
    expect(row.back).toEqual({ not: reason })
    expect(() => requireStartable('web', rows, row)).toThrow(reason)
    expect(() => requireStartable('web', rows, row)).toThrow('there is v2')
  })

  test('one that has never served is not gone back to', () => {
    const rows = rowsOf(host({ history: [act(2, 'deploy', V2)] }))
    expect(() => requireStartable('web', rows, chooseRelease('web', rows, 'v1'))).toThrow(
      'it has never served',
    )
  })

  test('hosts that differ are named', () => {
    expect(whereText({ web1: 'held', web2: 'held' })).toBe('held')
    expect(whereText({ web1: 'held', web2: 'absent', web3: 'held' })).toBe('held: web1 web3; absent: web2')
  })
})

describe('a release that is named', () => {
  test.each(['v2', V2.release, editionOf(V2)])('%s', name => {
    expect(chooseRelease('web', rowsOf(host()), name).edition).toBe(editionOf(V2))
  })

  test('unknown: what there is', () => {
    expect(() => chooseRelease('web', rowsOf(host()), 'v9')).toThrow(
      expect.objectContaining({
        exitCode: 2,
        hint: 'fleet releases web',
        issues: [expect.stringContaining('v2'), expect.stringContaining('v1')] as unknown,
      }),
    )
  })

  test('with two configurations: the one that does not serve, or its edition is asked for', () => {
    const both = [held(V2), held(rotated)]
    const live = { blue: { edition: editionOf(rotated), running: true }, green: undefined }
    const history = [act(1, 'deploy', V2), act(2, 'deploy', rotated)]
    expect(chooseRelease('web', rowsOf(host({ editions: both, slots: live, history })), 'v2').edition).toBe(
      editionOf(V2),
    )
    expect(() =>
      chooseRelease('web', rowsOf(host({ editions: [...both, held(V3)], history })), 'v2'),
    ).toThrow('more than one release')
  })
})

describe('the way back across a contract', () => {
  const history = [act(1, 'deploy', V1), act(2, 'deploy', V2), act(3, 'contract', V2), act(4, 'deploy', V3)]

  test.each([
    ['of a later release', history, V1, 'v2'],
    ['of itself', history, V2, undefined],
    ['of none', history.slice(0, 2), V1, undefined],
    ['after it was deployed anew', [...history, act(5, 'deploy', V1), act(6, 'deploy', V3)], V1, undefined],
    [
      'after a rollback was forced across it',
      [...history, act(5, 'rollback', V1), act(6, 'deploy', V3)],
      V1,
      'v2',
    ],
  ] as const)('%s', (_, lines, to, label) => {
    expect(contractAcross(lines, editionOf(to))?.label).toBe(label)
  })

  test('is known from any host, each line once', () => {
    const late = { ...act(2, 'deploy', V2), late: true }
    expect(mergedHistory([history.slice(0, 1), history, [late]])).toEqual(history)
  })
})
