import { mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FrontDoor } from './front-door.ts'
import { canRun, project } from './project.ts'

const FLEET = `
import { defineFleet } from 'fleetfile'

export default defineFleet({
  name: 'dock',
  provider: 'lab',
  access: { user: 'deploy' },
  roles: { edge: { ports: [{ port: 443, from: 'anywhere' }] }, web: { ports: [{ port: 8000, from: ['edge'] }] } },
  hosts: { edge1: { role: 'edge' }, sd1a: { role: 'web' }, sd1b: { role: 'web' } },
  services: {
    dock: {
      kind: 'processes',
      role: 'web',
      source: '../releases',
      programs: {
        web: { command: 'python3 serve.py', startSeconds: 0 },
        mail: { command: 'sleep 12345', startSeconds: 0, live: true },
      },
      cron: { tidy: { command: 'true', schedule: '* * * * *', live: true } },
      proxy: { role: 'edge', kind: 'trafficserver', names: ['dock.test'], port: 8000, health: '/up' },
      pair: { blue: 'sd1a', green: 'sd1b', alias: 'dock-live' },
    },
  },
})
`

const { fleet, machine, lab, cwd, inside: run } = project('pair', { 'inventory/dock.ts': FLEET })

function release(label: string): void {
  const at = join(cwd, 'releases', label)
  mkdirSync(at, { recursive: true })
  writeFileSync(
    join(at, 'serve.py'),
    `import http.server, socket
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = ('${label} ' + socket.gethostname()).encode()
        self.send_response(200)
        self.send_header('content-length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(('', 8000), Handler).serve_forever()
`,
  )
}

/** Also on a machine that is dead. */
const inside = (host: string, script: string) => run(host, `{ ${script}; } || :`).catch(() => '')

/** The hosts on which the mail queue works, and those whose programs wait for it. */
const mail = async () => {
  const hosts = ['sd1a', 'sd1b']
  const working = await Promise.all(hosts.map(host => inside(host, "pgrep -f '^sleep 12345'")))
  return hosts.filter((_, index) => working[index] !== '')
}

/** What every host takes the alias for. */
const aliases = async () => {
  const found = ['edge1', 'sd1a', 'sd1b'].map(host =>
    inside(host, "getent hosts dock-live | awk '{print $1}'"),
  )
  return new Set(await Promise.all(found))
}

let address = ''
const door = new FrontDoor('dock.test', () => address)
const addressOf = async (host: string) => (await inside(host, "hostname -I | cut -d' ' -f1")).trim()

describe.skipIf(!canRun)('a pair of hosts', { timeout: 240_000 }, () => {
  beforeAll(async () => {
    for (const label of ['v1', 'v2', 'v3']) release(label)
    for (const line of ['lab up', 'provision', 'deploy --release v1']) {
      const { exitCode, all } = await fleet(line)
      expect(exitCode, all).toBe(0)
    }
    address = await addressOf('edge1')
    door.ca = await readFile(join(cwd, `.local/state/fleetfile/labs/${lab}/certificates/ca.pem`), 'utf8')
  }, 600_000)

  afterAll(async () => {
    await fleet('lab down')
  }, 120_000)

  test('a release goes to the idle host, traffic, alias and live work follow, and no request fails', async () => {
    expect(await door.get('/')).toBe('v1 sd1a')
    expect(await mail()).toEqual(['sd1a'])
    const { result, report } = await door.underLoad(() => fleet('deploy --release v2'))
    expect(result.exitCode, result.all).toBe(0)
    expect(report).toMatchObject({ failed: 0 })
    expect(result.all).not.toMatch(/^sd1a: (release|file|supervisor|packages)/m)
    expect(await door.get('/')).toBe('v2 sd1b')
    await expect.poll(mail).toEqual(['sd1b'])
    expect(await aliases()).toEqual(new Set([await addressOf('sd1b')]))

    const again = await fleet('deploy --release v2')
    expect(again).toMatchObject({ exitCode: 0, all: expect.stringMatching(/: 3 unchanged$/m) })
  })

  test('the way back is one flip, and live work goes back with it', async () => {
    const { result, report } = await door.underLoad(() => fleet('rollback dock'))
    expect(result.exitCode, result.all).toBe(0)
    expect(result.all).toMatch(/^dock: v1 \(\w+\) serves again from blue, flipped in \d+ ms$/m)
    expect(report.reasons).toEqual([])
    expect(await door.get('/')).toBe('v1 sd1a')
    await expect.poll(mail).toEqual(['sd1a'])
    expect((await fleet('releases dock')).all).toMatch(/^v2 .* one flip$/m)
  })

  test('a swap away from a dead host says what is not proven; it comes back without live work, a live one with it', async () => {
    await execa('docker', ['kill', machine('sd1a')])
    const { exitCode, all } = await fleet('swap dock --release v3 --timeout 5s')
    expect(exitCode, all).toBe(0)
    expect(all).toMatch(/^warning: not proven: sd1a does not answer, so what is live of dock may still run/m)
    expect(await door.get('/')).toBe('v3 sd1b')
    await expect.poll(mail).toEqual(['sd1b'])

    await execa('docker', ['start', machine('sd1a')])
    await expect
      .poll(() => inside('sd1a', 'supervisorctl status'), { timeout: 60_000 })
      .toMatch(/mail_00 +RUNNING/)
    expect(await mail()).toEqual(['sd1b'])
    // The live host boots, and the other one has none of its work.
    await execa('docker', ['restart', '-t', '2', machine('sd1b')])
    await expect.poll(mail, { timeout: 60_000 }).toEqual(['sd1b'])
    // As a client leaves it that is killed between the two hosts.
    await inside('sd1b', ': >/run/fleetfile-live/dock; supervisorctl restart dock-mail_00')
    expect(await mail()).toEqual([])
    const next = await fleet('deploy --release v3')
    expect(next.all).toMatch(
      /^warning: what is live of dock runs nowhere, and traffic goes to sd1b: put right$/m,
    )
    await expect.poll(mail).toEqual(['sd1b'])
    expect(await aliases()).toEqual(new Set([await addressOf('sd1b')]))
  })
})
