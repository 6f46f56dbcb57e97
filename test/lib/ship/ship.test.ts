import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { extract, pack } from 'tar-stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../../../lib/container/engine.ts'
import { shipImage } from '../../../lib/ship/ship.ts'
import type { FleetEvent } from '../../../lib/events/event.ts'
import type { FleetHost } from '../../../lib/fleet/resolved.ts'
import type { RolloutContext } from '../../../lib/rollout/rollout-context.ts'
import type { ExecOptions } from '../../../lib/transport/transport.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const blob = (letter: string) => `blobs/sha256/${letter.repeat(64)}`
const image = {
  tag: 'fleetfile/web:1',
  id: digest('f'),
  platform: 'linux/amd64',
  layers: [digest('a'), digest('b')],
  built: true,
}
const host: FleetHost = {
  name: 'web1',
  role: 'web',
  address: '10.0.0.1',
  firstUser: 'root',
  target: { name: 'web1', address: '10.0.0.1', port: 22, user: 'deploy', hostKeys: [] },
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 't-swap-ship-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let saves = 0
const engine: Engine = {
  run: () => Promise.resolve(''),
  save: async (_, file) => {
    saves += 1
    const out = pack()
    out.entry({ name: 'c' }, '{}')
    out.entry({ name: 'b/layer.tar' }, 'B'.repeat(50))
    out.entry({ name: 'a/layer.tar' }, 'A'.repeat(1000))
    out.entry(
      { name: 'manifest.json' },
      JSON.stringify([{ Config: 'c', Layers: ['a/layer.tar', 'b/layer.tar'] }]),
    )
    out.finalize()
    await writeFile(file, await buffer(out))
  },
}

async function ship(knows: string, refuse: (names: readonly string[]) => boolean, free = 10_000_000) {
  const loads: string[][] = []
  const runs: string[] = []
  const events: FleetEvent[] = []
  const result = (exitCode: number, stdout = '', stderr = '') => ({
    exitCode,
    stdout: Buffer.from(stdout),
    stderr: Buffer.from(stderr),
  })
  const exec = async (script: string, { stdin = '', onStdout }: ExecOptions = {}) => {
    expect(script).toMatch(/docker load --quiet/)
    const names: string[] = []
    const sent = await buffer(Readable.from(stdin))
    for await (const entry of Readable.from([gunzipSync(sent)]).pipe(extract())) {
      names.push(entry.header.name)
      entry.resume()
    }
    loads.push(names)
    if (refuse(names)) return result(23, '', 'open layer.tar: no such file')
    const said = `fleet: at ${sent.length}\nfleet: held 0\nfleet: image ${image.id} ${JSON.stringify(image.layers)}\n`
    onStdout?.(Buffer.from(said))
    return result(0)
  }
  const ctx: RolloutContext = {
    on: () => ({
      host,
      read: () => Promise.resolve(result(0, `platform linux/x86_64\nfree ${free}\n${knows}`)),
      run: command => {
        runs.push(command.text)
        return Promise.resolve(result(0))
      },
      touch: () => Promise.reject(new Error('not used')),
      transport: () =>
        Promise.resolve({
          host: 'web1',
          user: 'deploy',
          cost: { executions: 0, bytesSent: 0, bytesReceived: 0 },
          exec,
          forward: () => Promise.reject(new Error('not used')),
          close: () => Promise.resolve(),
        }),
    }),
    each: async (hosts, work) => {
      const done = new Map()
      for (const item of hosts) done.set(item.name, await work(item))
      return done
    },
    apply: () => Promise.reject(new Error('not used')),
    phase: () => undefined,
    note: text => events.push({ type: 'note', text }),
    warn: () => undefined,
    emit: event => events.push(event),
    signal: new AbortController().signal,
    planOnly: false,
    runId: 'run',
    owner: 'test@here',
    wait: 0,
    abandon: () => undefined,
    paths: { cwd: folder, fleet: folder, state: folder, cache: join(folder, 'cache'), home: folder },
  }
  const shipped = await shipImage(ctx, {
    service: 'web',
    image,
    hosts: [host],
    hostEngine: 'docker',
    engine,
  })
  return { shipped: shipped.get('web1'), loads, runs, events }
}

test('a host that knows the base gets the rest', async () => {
  const { shipped, loads, events } = await ship(`image ${digest('e')} ["${digest('a')}"]\n`, () => false)
  expect(loads).toHaveLength(1)
  expect(loads[0]).toEqual(expect.arrayContaining([blob('b'), 'index.json', 'manifest.json']))
  expect(loads[0]).not.toContain(blob('a'))
  expect(shipped).toMatchObject({ layers: 1, whole: false })
  expect(events.at(-1)).toMatchObject({ type: 'progress', done: shipped?.bytes, total: shipped?.bytes })
})

test('an engine that wants it all gets it all', async () => {
  const whole = (names: readonly string[]) => !names.includes(blob('a'))
  const { shipped, loads } = await ship(`image ${digest('e')} ["${digest('a')}"]\n`, whole)
  expect(loads.map(names => names.length)).toEqual([6, 7])
  expect(shipped).toMatchObject({ layers: 2, whole: true })
})

test('what the engine says is in the error', async () => {
  await expect(ship('', () => true)).rejects.toThrow(
    'web1: docker load failed\n  open layer.tar: no such file',
  )
})

test('a host that has the image is only asked; a missing tag is set', async () => {
  saves = 0
  const { shipped, loads, runs } = await ship(`image ${image.id} []\n`, () => false)
  expect(runs).toEqual([`docker tag ${image.id} ${image.tag}`])
  expect(shipped?.bytes).toBe(0)
  expect([...loads, saves]).toEqual([0])
  expect((await ship(`image ${image.id} []\ntag ${image.tag} ${image.id}\n`, () => false)).runs).toEqual([])
})

test('too little disk is told before anything is sent', async () => {
  await expect(ship('', () => false, 10)).rejects.toThrow(
    /web1: fleetfile\/web:1 needs 67.* MB of disk, 10.* kB are free/,
  )
})
