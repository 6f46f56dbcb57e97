import { expect, test } from 'vitest'
import { releaseFiles } from '../../../lib/container/release-files.ts'
import { slotResource } from '../../../lib/container/slot.ts'
import { configHash, editionOf, parseManifest } from '../../../lib/release/manifest.ts'
import { Secret } from '../../../lib/shell/secret.ts'
import { testManifest } from '../../support/manifest.ts'
import { scriptOf } from '../../support/step-script.ts'

const env = (text: string) => new Secret('environment', text)
const hash = (port: number, args: Record<string, string>, text: string) =>
  configHash({ port, stopSeconds: 30 }, args, env(text))

const manifest = testManifest()

test('every part of the configuration makes another edition, their order does not', () => {
  const all = [hash(1, {}, 'A'), hash(2, {}, 'A'), hash(1, {}, 'B'), hash(1, { X: '1' }, 'A')]
  expect(new Set(all).size).toBe(4)
  expect(hash(1, { A: '1', B: '2' }, '')).toBe(hash(1, { B: '2', A: '1' }, ''))
  expect(editionOf(manifest)).toBe('0123456789ab-01234567')
})

test.each([
  '',
  '{}',
  'null',
  JSON.stringify({ ...manifest, release: '../../x' }),
  JSON.stringify({ ...manifest, image: 'x' }),
])('%j is no manifest', text => {
  expect(parseManifest(text)).toBeUndefined()
})

test('a manifest survives its file', () => {
  expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest)
})

test('an edition is written once, and its secrets go by stdin alone', () => {
  const { kind, wanted } = releaseFiles(manifest, env('PASSWORD=hunter2\n'))
  const [absent] = kind.parse('- -\n', [wanted])
  if (absent === undefined) throw new Error('nothing was parsed')
  expect(kind.diff(wanted, absent)).toMatchObject({ action: 'create' })
  const steps = kind.act(wanted, absent)
  expect(JSON.stringify(steps)).not.toContain('hunter2')
  expect(steps.map(scriptOf).join('\n')).toContain('umask 077')
  const digest = 'b39e3d6b2ec9ba2f1b0d8bd57a1d2b2f'
  const [other] = kind.parse(`${digest} ${Buffer.from(JSON.stringify(manifest)).toString('base64')}\n`, [
    wanted,
  ])
  expect(other && kind.diff(wanted, other)).toBeDefined()
})

test('Podman takes the same commands, with a log of its own', () => {
  const common = { manifest, slot: 'blue', host: 'web1', address: '10.0.0.1', port: 8001 } as const
  const { kind, wanted } = slotResource({ ...common, engine: 'podman' })
  expect(kind.observe([wanted])).toMatch(/^podman container inspect /)
  const [absent] = kind.parse('-\n', [wanted])
  if (absent === undefined) throw new Error('nothing was parsed')
  const scripts = [absent, { status: 'running', runHash: 'other' }].flatMap(seen =>
    kind.act(wanted, seen).map(scriptOf),
  )
  expect(scripts[0]).toContain('--log-driver k8s-file')
  expect(scripts[1]).toMatch(/^podman stop [^]*podman rm [^]*podman run /)
  expect(scripts.join()).not.toContain('docker')
})

test('a slot is published on its own address only, without rights, and started once', () => {
  const { kind, wanted } = slotResource({
    manifest,
    slot: 'blue',
    host: 'web1',
    address: '10.0.0.1',
    port: 8001,
  })
  const [absent] = kind.parse('\n-\n', [wanted])
  if (absent === undefined) throw new Error('nothing was parsed')
  const [step] = kind.act(wanted, absent)
  expect(scriptOf(step)).toContain('--publish 10.0.0.1:8001:8000')
  expect(scriptOf(step)).toContain('--cap-drop ALL --security-opt no-new-privileges')
  expect(scriptOf(step)).toContain('--env-file /etc/fleetfile/web/0123456789ab-01234567.env')
  expect(scriptOf(step)).not.toContain('docker stop')
  const run = /fleetfile\.run=([0-9a-f]{16})/.exec(scriptOf(step) ?? '')?.[1] ?? ''
  const [running] = kind.parse(`running ${run}\n`, [wanted])
  expect(running && kind.diff(wanted, running)).toBeUndefined()
  const [stopped] = kind.parse(`exited ${run}\n`, [wanted])
  expect(stopped && scriptOf(kind.act(wanted, stopped)[0])).toBe('docker start web-blue >/dev/null')
  const [other] = kind.parse('running 0000\n', [wanted])
  expect(other && scriptOf(kind.act(wanted, other)[0])).toMatch(/^docker stop --time 30 web-blue/)
})

test.each([['fd00::1', '--publish [fd00::1]:8001:8000']])(
  '%s is published as it must be written',
  (address, published) => {
    const { kind, wanted } = slotResource({ manifest, slot: 'blue', host: 'web1', address, port: 8001 })
    const [absent] = kind.parse('-', [wanted])
    expect(absent && scriptOf(kind.act(wanted, absent)[0])?.replaceAll("'", '')).toContain(published)
  },
)

test('a name is no address to publish on', () => {
  const { kind, wanted } = slotResource({
    manifest,
    slot: 'blue',
    host: 'web1',
    address: 'web1.test',
    port: 8001,
  })
  expect(() => kind.diff(wanted, { status: 'running', runHash: '' })).toThrow(
    'web1: a slot is published on an IP address',
  )
})
