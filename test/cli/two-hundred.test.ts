import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repository } from '../support/cli.ts'
import { folder } from '../support/folder.ts'
import { makeKey, sshServer, type ExecHandler, type SshServer } from '../support/ssh-server.ts'

const HOSTS = 200
const MOST_BYTES = 200 * 1000 * 1000
/** What each host says. */
const SAID = `${'x'.repeat(99)}\n`.repeat(100)
const built = existsSync(join(repository, 'dist/bin/main.js'))

/** Writes the most memory that the process ever had, in bytes. */
const PEAK = `
import { writeFileSync } from 'node:fs'
process.on('exit', () => writeFileSync(process.env.FLEET_TEST_PEAK, String(process.resourceUsage().maxRSS * 1024)))
`

describe.skipIf(!built)('a command on 200 hosts', () => {
  const servers: SshServer[] = []
  const cwd = folder({ 'peak.mjs': PEAK })
  /** Hosts whose command does not end before that of all others has. */
  let slow = 0
  let ended = 0
  let release: (() => void)[] = []

  const handlerOf =
    (index: number): ExecHandler =>
    async ({ channel }) => {
      channel.resume()
      if (index < slow && ended < HOSTS - slow) await new Promise<void>(resolve => release.push(resolve))
      channel.write(SAID)
      channel.exit(0)
      channel.end()
      ended += 1
      if (ended === HOSTS - slow) for (const each of release) each()
    }

  const fleet = (...args: readonly string[]) =>
    execa(process.execPath, [join(repository, 'bin/fleet.js'), ...args], {
      cwd,
      reject: false,
      stdin: 'ignore',
      env: {
        HOME: cwd,
        XDG_STATE_HOME: '',
        XDG_CACHE_HOME: '',
        CI: 'true',
        NODE_OPTIONS: `--import=${join(cwd, 'peak.mjs')}`,
        FLEET_TEST_PEAK: join(cwd, 'peak'),
      },
    })

  beforeAll(async () => {
    const [hostKey, clientKey] = [makeKey(), makeKey()]
    for (let index = 0; index < HOSTS; index += 1) {
      servers.push(await sshServer({ handler: handlerOf(index), hostKeys: [hostKey], clientKey }))
    }
    const hosts = servers.map(
      ({ port }, index) =>
        `h${index + 1}: { role: 'web', address: '127.0.0.1', port: ${port}, hostKeys: ['${hostKey.public}'] },`,
    )
    mkdirSync(join(cwd, 'inventory'))
    const text = `
import { defineFleet } from 'fleetfile'
export default defineFleet({
  name: 'many',
  access: { user: 'deploy', identityFile: '${servers[0]?.identityFile}' },
  roles: { web: {} },
  hosts: {
    ${hosts.join('\n    ')}
  },
  services: {},
})
`
    writeFileSync(join(cwd, 'inventory/many.ts'), text)
    // The compiler looks at a fleet file once, not at every command.
    expect(await fleet('hosts')).toMatchObject({ exitCode: 0 })
  }, 60_000)

  afterAll(() => Promise.all(servers.map(server => server[Symbol.asyncDispose]())))

  test.each([
    { slow: 1, args: [] },
    { slow: 20, args: ['--concurrency', '200'] },
  ])(
    'none fails, $slow slow ones hold nobody up, little memory: $args',
    async ({ slow: some, args }) => {
      slow = some
      ended = 0
      release = []
      const before = servers.map(({ stats }) => stats.connections)
      const { exitCode, stdout, stderr } = await fleet('exec', ...args, '--', 'uptime')
      expect(exitCode, stderr).toBe(0)
      expect(stdout).toBe(`== h1-200 (200 hosts)\n${SAID.trimEnd()}`)
      expect(servers.map(({ stats }, index) => stats.connections - (before[index] ?? 0))).toEqual(
        servers.map(() => 1),
      )
      expect(Number(readFileSync(join(cwd, 'peak'), 'utf8'))).toBeLessThan(MOST_BYTES)
    },
    120_000,
  )
})
