import { execa } from 'execa'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { setCommand } from '../../../lib/proxy/traffic-server-state.ts'
import { trafficServerLua } from '../../../templates/trafficserver/fleet.lua.ts'
import type { TrafficServerService } from '../../../templates/trafficserver/service.lua.ts'
import { trafficServerRecords } from '../../../templates/trafficserver/records.config.ts'

const web: TrafficServerService = {
  name: 'web',
  names: ['App.test'],
  health: '/up?deep=1',
  servers: [{ address: '10.0.0.2' }],
}
const lua = (service: TrafficServerService) =>
  trafficServerLua({ services: [service], path: '/x.lua', home: '/home', pages: '/pages', host: 'live.test' })

test('routes by name, and names no slot: a swap changes none of it', () => {
  const text = lua({ ...web, cache: { keep: ['/static/'] } })
  expect(text).toContain('names = { "app.test" }, health = "/up"')
  expect(text).toContain('cache = true, keep = { "/static/" }, from = { ["10.0.0.2"] = true }')
  expect(lua(web)).toContain('cache = false')
  expect(text).not.toMatch(/blue|green/)
})

test.each(['a b', 'x"\nos.exit()', '', '"', '\\', ']]'])('%j cannot become a part of the program', value => {
  for (const change of [
    { name: value },
    { names: [value] },
    { health: `/${value}"` },
    { cache: { keep: [value] } },
  ]) {
    expect(() => lua({ ...web, ...change })).toThrow('cannot stand in fleet.lua')
  }
  expect(() => trafficServerRecords({ ports: `80 ${value}"` })).toThrow('cannot stand in records.config')
})

/** What a service's file says after changes, with the clock and Traffic Server's answer of the test. */
async function told(state: string, changes: string): Promise<string[]> {
  const home = await mkdtemp(join(tmpdir(), 'fleet-state-'))
  await writeFile(
    join(home, 'slots'),
    'check app.test /up\nweb1-blue 10.0.0.2:1\nweb1-green 10.0.0.2:2\nweb2-blue 10.0.0.3:1\nweb2-green 10.0.0.3:2\n',
  )
  if (state !== '') await writeFile(join(home, 'state'), state)
  const script = setCommand('web', changes)
    .text.replace(/home=\S+/, `home=${home}`)
    .replace('set -eu', 'set -eu\ncurl() { echo version x; }')
  await execa('sh', ['-c', script])
  return (await readFile(join(home, 'state'), 'utf8')).trim().split('\n')
}
const BLUE = `generation 900000000
web1-blue 10.0.0.2:1 ready
web1-green 10.0.0.2:2 drain
web2-blue 10.0.0.3:1 ready
web2-green 10.0.0.3:2 drain
`
const generation = ([first = '']: readonly string[]) => Number(first.replace('generation ', ''))

test('a slot that begins to take requests makes all that was kept an older generation', async () => {
  const first = await told('', 'web1-blue ready')
  expect(generation(first)).toBeGreaterThan(200_000_000)
  expect(first.slice(1)).toEqual([
    'web1-blue 10.0.0.2:1 ready',
    'web1-green 10.0.0.2:2 maint',
    'web2-blue 10.0.0.3:1 maint',
    'web2-green 10.0.0.3:2 maint',
  ])
  const flipped = await told(BLUE, 'web1-green ready\nweb1-blue drain\nweb2-green ready\nweb2-blue drain')
  expect(generation(flipped)).toBe(900_000_001)
  expect(
    generation(
      await told(BLUE.replace('web1-blue 10.0.0.2:1 ready', 'web1-blue 10.0.0.2:1 maint'), 'web1-blue ready'),
    ),
  ).toBe(900_000_001)
  const mixed = BLUE.replaceAll('drain', 'ready')
  expect(generation(await told(mixed, 'web1-blue drain\nweb2-blue drain'))).toBe(900_000_001)
})

test('a host that leaves, and the same again, keep it', async () => {
  expect(generation(await told(BLUE, 'web1-blue drain'))).toBe(900_000_000)
  expect(`${(await told(BLUE, 'web1-blue ready')).join('\n')}\n`).toBe(BLUE)
})

test('a slot that it does not know changes nothing', async () => {
  await expect(told(BLUE, 'web9-blue ready')).rejects.toThrow('knows no slot web9-blue of web')
})
