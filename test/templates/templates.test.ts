import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bodies } from '../../templates/index.ts'
import { unattendedUpgrades } from '../../templates/apt/unattended-upgrades.ts'
import { journaldLimits } from '../../templates/journald/limits.ts'
import { sshdHardening } from '../../templates/sshd/hardening.ts'
import { folder } from '../support/folder.ts'

test.each<[string, string, readonly RegExp[]]>([
  [
    'sshd',
    sshdHardening({ user: 'ops' }),
    [/^PermitRootLogin no$/m, /^PasswordAuthentication no$/m, /^AllowUsers ops fleet-ship fleet-live$/m],
  ],
  ['journald', journaldLimits({ maxUse: '200M' }), [/^\[Journal\]$/m, /^SystemMaxUse=200M$/m]],
  ['apt', unattendedUpgrades(), [/^Unattended-Upgrade::Automatic-Reboot "false";$/m]],
  [
    'PostgreSQL',
    bodies.postgresListen({ address: '10.0.0.9' }),
    [/^listen_addresses = 'localhost, 10\.0\.0\.9'$/m],
  ],
  [
    'RabbitMQ',
    bodies.rabbitmqConfig({ address: '10.0.0.9' }),
    [/^listeners\.tcp\.fleet = 10\.0\.0\.9:5672$/m],
  ],
  ['Erlang', bodies.rabbitmqEnvironment(), [/^ERL_EPMD_ADDRESS=127\.0\.0\.1$/m]],
])('%s', (_, text, lines) => {
  for (const each of lines) expect(text).toMatch(each)
  expect(text.endsWith('\n')).toBe(true)
})

test('the database lets in the fleet, one address each, with a password, and nobody else', () => {
  const text = bodies.postgresHba({ clients: ['10.0.0.2', 'fd00::2'] })
  expect(text).toMatch(/^host +all +all +10\.0\.0\.2\/32 +scram-sha-256$/m)
  expect(text).toMatch(/^host +all +all +fd00::2\/128 +scram-sha-256$/m)
  expect(text).not.toMatch(/trust|0\.0\.0\.0|::\/0/)
})

test('a service starts in its live release, or in the one that is migrated to, with its own environment', () => {
  const root = folder({
    'etc/sync/old.env': `GREETING='it is $HOME'\n`,
    'etc/sync/new.env': `GREETING=hello\n`,
    'srv/sync/releases/old/say': '',
    'srv/sync/releases/new/say': '',
  })
  symlinkSync('releases/old', join(root, 'srv/sync/current'))
  const script = bodies
    .runService()
    .replaceAll('/etc/fleetfile', `${root}/etc`)
    .replaceAll('/srv', `${root}/srv`)
  const run = (env: NodeJS.ProcessEnv, ...args: readonly string[]) =>
    spawnSync('/bin/sh', ['-c', script, 'run-service', ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...env },
    })
  const show = ['sync', 'sh', '-c', 'echo "$GREETING, $PWD, $1"', 'sh', 'a  b']
  expect(run({}, ...show).stdout).toBe(`it is $HOME, ${root}/srv/sync/releases/old, a  b\n`)
  const next = { FLEETFILE_RELEASE_DIR: `${root}/srv/sync/releases/new` }
  expect(run(next, ...show).stdout).toBe(`hello, ${root}/srv/sync/releases/new, a  b\n`)
  expect(run({}, 'other', 'true').status).not.toBe(0)
})
