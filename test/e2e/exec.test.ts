import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { folder } from '../support/folder.ts'
import { LabFleet, type Ran } from '../support/lab-fleet.ts'

const home = folder({
  'inventory/trio.ts': `
    import { defineFleet } from 'fleetfile'
    export default defineFleet({
      name: 'trio',
      provider: 'lab',
      access: { user: 'root' },
      roles: { web: {} },
      hosts: { web1: { role: 'web' }, web2: { role: 'web' }, web3: { role: 'web' } },
      services: {},
    })`,
})
const fleetFile = ['--fleet', join(home, 'inventory/trio.ts')] as const

let lab: LabFleet
const run = (...args: readonly string[]): Promise<Ran> => lab.run(...fleetFile, ...args)
const text = (...args: readonly string[]): Promise<Ran> => lab.text(...fleetFile, ...args)

beforeAll(async () => {
  lab = await LabFleet.open('exec')
  const up = await run('lab', 'up')
  expect(up.stderr + up.stdout.slice(-500), up.stdout).toContain('"exitCode":0')
})

afterAll(async () => {
  await run('lab', 'down')
  await lab.down()
})

test('a command shows where one host differs', async () => {
  await lab.inside('web3', 'sh', '-c', 'echo "extra 1" >> /etc/host.conf')
  const { stdout, exitCode } = await text('exec', '--', 'cat', '/etc/host.conf')
  expect(stdout).toMatch(
    /^== web1, web2\n(?:.*\n)+== web3: against web1, web2\n@@ .* @@\n(?: .*\n)+\+extra 1$/,
  )
  expect(exitCode).toBe(0)
})

test('an exit code of its own makes a host differ, and a dead one is told', async () => {
  const failed = await text('exec', '--', '[ "$(hostname)" != web2 ]')
  expect(failed.stdout).toBe('== web1, web3: said nothing\n== web2: exit code 1, the same text')
  expect(failed.exitCode).toBe(4)

  await lab.inside('web2', 'systemctl', 'stop', 'ssh.socket', 'ssh.service')
  const { exitCode, stdout, stderr } = await text('exec', '--', 'true')
  await lab.inside('web2', 'systemctl', 'start', 'ssh')
  expect(stdout).toBe('== web1, web3: said nothing')
  expect(stderr).toContain('web2: unreachable')
  expect(exitCode).toBe(5)
})

test('files go out and come back as they were', async () => {
  const bytes = randomBytes(24 << 20)
  writeFileSync(join(home, 'large'), bytes)
  const put = () => text('put', join(home, 'large'), '/srv/', '--mode', '0640', '--owner', 'nobody:nogroup')
  expect((await put()).stdout).toBe('/srv/large changed on web1-3')
  expect((await put()).stdout).toBe('/srv/large unchanged on web1-3')
  expect((await lab.inside('web1', 'stat', '-c', '%a %U:%G', '/srv/large')).stdout).toBe('640 nobody:nogroup')

  const got = join(home, 'got')
  expect((await run('get', '/srv/large', got)).exitCode).toBe(0)
  expect(readFileSync(join(got, 'web3/large')).equals(bytes)).toBe(true)
  expect((await text('get', '/srv/large', got)).stdout).toContain('web3: unchanged')
})

test('a full disk keeps what it has', async () => {
  await lab.inside(
    'web1',
    'sh',
    '-c',
    'mkdir /small && mount -t tmpfs -o size=20m none /small && echo old > /small/large',
  )
  const { exitCode, stdout } = await run('put', join(home, 'large'), '/small/large', '--on', 'web1')
  expect(stdout).toContain('would be put there')
  expect(exitCode).toBe(4)
  expect((await lab.inside('web1', 'sh', '-c', 'cat /small/large; ls -A /small')).stdout).toBe('old\nlarge')
})

test('ssh passes the exit code on', async () => {
  expect(await text('ssh', 'web1', '--', 'hostname; exit 7')).toMatchObject({ stdout: 'web1', exitCode: 7 })
})
