import { expect, test } from 'vitest'
import { letGoCommand, parseHeld, sizeOf } from '../../../lib/container/held-releases.ts'

const manifest = (release: string, image: string) => ({
  service: 'web',
  release: release.padEnd(12, '0'),
  label: 'v1',
  config: 'c0ffee00',
  image: `sha256:${image.repeat(64)}`,
  port: 8000,
  stopSeconds: 30,
  created: '2026-01-01T00:00:00Z',
})
const coded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')

test('what a host holds is read, whatever lies about', () => {
  const output = [
    `edition ${coded(manifest('a', 'a'))}`,
    `edition ${coded(manifest('b', 'b'))}`,
    'edition bm9uc2Vuc2U=',
    `slot ${coded(manifest('b', 'b'))}`,
    `used sha256:${'c'.repeat(64)} ${'c'.repeat(12)}-c0ffee00`,
    `image sha256:${'a'.repeat(64)} 12.5MB`,
    'act {"at":"2026-01-01T00:00:00Z","action":"deploy","slot":"blue","edition":"b00000000000-c0ffee00"}',
    'act {"at":"2026-01-01T00:00:00Z","action":"flip-back","slot":"blue","edition":"d00000000000-c0ffee00"}',
    'act {nonsense',
    '',
  ].join('\n')
  const { editions, used, served } = parseHeld(output)
  expect([...served]).toEqual(['b00000000000-c0ffee00'])
  expect(editions.map(({ edition, bytes }) => [edition, bytes])).toEqual([
    ['a00000000000-c0ffee00', 12.5e6],
    ['b00000000000-c0ffee00', undefined],
  ])
  expect([...used].toSorted()).toEqual([
    'b00000000000-c0ffee00',
    'cccccccccccc-c0ffee00',
    `sha256:${'b'.repeat(64)}`,
    `sha256:${'c'.repeat(64)}`,
  ])
})

test.each([
  ['0B', 0],
  ['1.2kB', 1200],
  ['85.35MB', 85_350_000],
  ['3GB', 3e9],
  ['nonsense', 0],
])('%s is %i bytes', (text, bytes) => {
  expect(sizeOf(text)).toBe(bytes)
})

test('files go when the image has gone', () => {
  const { text } = letGoCommand('web', 'docker', { editions: ['x-1'], images: ['sha256:ab'] })
  expect(text).toMatch(
    /image rm[^]*\nrm -f \/etc\/fleetfile\/web\/x-1\.env \/etc\/fleetfile\/web\/x-1\.json \/etc\/fleetfile\/web\/x-1\.migrated \/etc\/fleetfile\/web\/x-1\.contracted$/,
  )
})
