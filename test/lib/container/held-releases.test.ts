import { execa } from 'execa'
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

/** Runs the command with an engine that may keep its images; gives what it was told, and which files went. */
async function letGo(
  editions: readonly (readonly [string, string])[],
  images: readonly string[],
  isHeld = false,
) {
  const { text } = letGoCommand('web', 'engine', {
    editions: editions.map(([edition, image]) => ({ edition, image })),
    images,
  })
  const engine = `exec 3>&1
engine() {
  echo "$*" >&3
  case "$*" in *inspect*gone*) return 1 ;; *inspect*) echo web:1 ;; *' ls '*) echo ended1 ;; 'image rm'*) ${isHeld ? 'false' : 'true'} ;; esac
}
rm() { echo "files \${2##*/}" >&3; }`
  const { stdout, exitCode } = await execa('sh', ['-c', `${engine}\n${text}`], { reject: false })
  return { said: stdout.split('\n').slice(1), exitCode }
}

test('files go when the image has gone, after the ended containers that held it', async () => {
  expect(await letGo([['x-1', 'sha256:ab']], ['sha256:ab'])).toEqual({
    exitCode: 0,
    said: [
      'container ls --all --quiet --filter status=exited --filter status=created --filter label=fleetfile.service=web --filter ancestor=ab',
      'container rm ended1',
      'image rm web:1',
      'files x-1.env',
    ],
  })
})

test('an image that is gone already is no failure; one that is held keeps its files, and only these', async () => {
  expect(await letGo([['x-1', 'sha256:gone']], ['sha256:gone'])).toEqual({
    exitCode: 0,
    said: ['files x-1.env'],
  })
  const editions = [
    ['x-1', 'sha256:ab'],
    ['y-1', 'sha256:needed'],
  ] as const
  const some = await letGo(editions, ['sha256:ab'], true)
  expect(some.exitCode).toBe(1)
  expect(some.said.filter(line => line.startsWith('files'))).toEqual(['files y-1.env'])
})
