import { expect, test } from 'vitest'
import { knownAs, parseHostEngine } from '../../../lib/container/host-engine.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`

test('reads what an engine says of itself', () => {
  const output = `root /var/lib/docker
platform linux/x86_64
free 2048
tag fleetfile/web:1 ${digest('a')}
image ${digest('a')} ["${digest('b')}","${digest('c')}"]
image ${digest('d')} null
piece ${'e'.repeat(64)} 12 ${'f'.repeat(64)}
`
  expect(parseHostEngine(output, 'web1')).toEqual({
    engine: 'docker',
    platform: 'linux/amd64',
    free: 2_097_152,
    tags: new Map([['fleetfile/web:1', digest('a')]]),
    freeSpool: undefined,
    blobs: undefined,
    hasOwnIds: false,
    images: new Map([
      [digest('a'), [digest('b'), digest('c')]],
      [digest('d'), []],
    ]),
    spooled: new Map([['e'.repeat(64), { bytes: 12, sha256: 'f'.repeat(64) }]]),
  })
})

test.each(['', 'platform linux/x86_64\n', 'platform linux/x86_64\nfree x\n'])('%j is no answer', output => {
  expect(() => parseHostEngine(output, 'web1')).toThrow('web1: the container engine gave no clear answer')
})

test('containerd as a store has ids of its own: tag and layers tell the image', () => {
  const image = { tag: 'fleetfile/web:1', id: digest('a'), layers: [digest('b')] }
  const output = (store: string, layer: string) => `platform linux/x86_64
free 2048
spool 1024
store ${store}
tag fleetfile/web:1 ${digest('9')}
blob ${digest('7')}
image ${digest('9')} ["${digest(layer)}"]
`
  const containerd = parseHostEngine(output('[["driver-type","io.containerd.snapshotter.v1"]]', 'b'), 'web1')
  expect(containerd).toMatchObject({ blobs: new Set([digest('7')]), hasOwnIds: true, freeSpool: 1_048_576 })
  expect(knownAs(containerd, image)).toBe(digest('9'))
  const other = parseHostEngine(output('[["driver-type","io.containerd.snapshotter.v1"]]', 'c'), 'web1')
  expect(knownAs(other, image)).toBeUndefined()
  expect(knownAs(parseHostEngine(output('null', 'b'), 'web1'), image)).toBeUndefined()
})

test('Podman says less of the same', () => {
  const output = `platform linux/amd64
free 2048
tag localhost/fleetfile/web:1 ${'a'.repeat(64)}
image ${'a'.repeat(64)} ["${digest('b')}"]
`
  const engine = parseHostEngine(output, 'web1', 'podman')
  expect(engine).toMatchObject({ platform: 'linux/amd64', blobs: undefined, hasOwnIds: false })
  expect(knownAs(engine, { tag: 'fleetfile/web:1', id: digest('a'), layers: [] })).toBe(digest('a'))
  expect(engine.tags.get('fleetfile/web:1')).toBe(digest('a'))
})
