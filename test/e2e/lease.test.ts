import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LeaseHeldError } from '../../lib/errors.ts'
import type { FleetHost } from '../../lib/fleet/resolved.ts'
import { leasesOn, withLeases } from '../../lib/lease/lease.ts'
import { connect } from '../../lib/transport/connect.ts'
import type { Target, Transport } from '../../lib/transport/transport.ts'
import { repository } from '../support/cli.ts'
import { folder } from '../support/folder.ts'
import { labContainer } from '../support/lab-container.ts'
import { operator, type Operator } from '../support/operator.ts'
import { makeKey } from '../support/ssh-server-keys.ts'

const name = `t-lease-${process.pid}`
const container = labContainer(name)
const key = makeKey()
const identityFile = join(folder(), 'id')
const docker = async (...args: readonly string[]) => (await execa('docker', args)).stdout.trim()
const connections: Transport[] = []

async function target(): Promise<Target> {
  const format = '{{.NetworkSettings.Networks.bridge.IPAddress}}'
  const address = await docker('inspect', '-f', format, name)
  const hostKey = await docker('exec', name, 'cat', '/etc/ssh/ssh_host_ed25519_key.pub')
  return { name: 'one', address, port: 22, user: 'root', hostKeys: [hostKey], identityFile }
}

async function login(): Promise<Transport> {
  const { signal } = new AbortController()
  const transport = await connect(await target(), { signal, timeout: 10_000 })
  connections.push(transport)
  return transport
}

const host: FleetHost = {
  name: 'one',
  role: 'web',
  address: '',
  firstUser: 'root',
  target: { name: 'one', address: '', port: 22, user: 'root', hostKeys: [] },
}
const leases = leasesOn([host], 'web')
const refuse = () => Promise.reject(new Error('not used'))

/** Another process that holds the lease until it is killed. */
async function victim() {
  const script = `
    const { connect } = await import(${JSON.stringify(join(repository, 'lib/transport/connect.ts'))})
    const { hold } = await import(${JSON.stringify(join(repository, 'lib/lease/lease-hold.ts'))})
    const { signal } = new AbortController()
    const transport = await connect(${JSON.stringify(await target())}, { signal, timeout: 10000 })
    const none = () => undefined
    await hold(transport, ['web'], { owner: 'victim', runId: 'run-v', folder: '/run/fleetfile', wait: 0, signal, onWait: none, onLost: none })
    console.log('held')`
  const file = join(folder(), 'victim.mjs')
  writeFileSync(file, script)
  const child = spawn(process.execPath, [join(repository, 'node_modules/jiti/lib/jiti-cli.mjs'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('close', () => reject(new Error('it held nothing')))
  })
  return child
}

/** Milliseconds until the lease can be had. */
async function freed(): Promise<number> {
  const ctx = operator('next', await login(), { wait: 60_000 })
  const begun = performance.now()
  await withLeases(ctx, leases, () => Promise.resolve())
  return performance.now() - begun
}

describe.skipIf(container === undefined)('leases on a real host', () => {
  beforeAll(async () => {
    await container?.start()
    writeFileSync(identityFile, key.private, { mode: 0o600 })
    await execa(
      'docker',
      [
        'exec',
        '-i',
        name,
        'sh',
        '-c',
        'ssh-keygen -A && mkdir -p /root/.ssh && cat >/root/.ssh/authorized_keys && systemctl reset-failed ssh && systemctl restart ssh',
      ],
      { input: `${key.public}\n` },
    )
  })
  afterAll(async () => {
    await Promise.all(connections.map(transport => transport.close()))
    container?.stop()
  })

  test('two at the same instant, a hundred times: never both', async () => {
    const [a, b] = [
      operator('ann', await login(), { message: 'why not' }),
      operator('ben', await login(), { message: 'why not' }),
    ]
    let inside = 0
    const tally = { had: 0, refused: 0 }
    const attempt = async (ctx: Operator) => {
      try {
        await withLeases(ctx, leases, async () => {
          expect(++inside).toBe(1)
          await new Promise(resolve => setImmediate(resolve))
          inside -= 1
          tally.had += 1
        })
      } catch (error) {
        expect(error).toBeInstanceOf(LeaseHeldError)
        expect(String(error)).toMatch(
          /web is held by (ann|ben) \(run run-of-\1, since \S+Z, last heard of \ds ago\): why not/,
        )
        tally.refused += 1
      }
    }
    for (let round = 0; round < 100; round++) await Promise.all([attempt(a), attempt(b)])
    expect(tally.had + tally.refused).toBe(200)
    expect(tally.had).toBeGreaterThanOrEqual(100)
    expect(tally.refused).toBeGreaterThan(0)
  })

  test('with --wait both get through, one after the other', async () => {
    const [a, b] = [
      operator('ann', await login(), { wait: 30_000 }),
      operator('ben', await login(), { wait: 30_000 }),
    ]
    let inside = 0
    const turn = (ctx: Operator) =>
      withLeases(ctx, leases, async () => {
        expect(++inside).toBe(1)
        await new Promise(resolve => setImmediate(resolve))
        inside -= 1
      })
    for (let round = 0; round < 10; round++) await Promise.all([turn(a), turn(b)])
    expect(a.lost.concat(b.lost)).toEqual([])
  })

  test('SIGKILL of the client frees it at once', async () => {
    const child = await victim()
    await expect(withLeases(operator('ben', await login()), leases, refuse)).rejects.toThrow('held by victim')
    child.kill('SIGKILL')
    expect(await freed()).toBeLessThan(5000)
  })

  test('a client that is cut off loses it within seconds, and knows it first', async () => {
    const ctx = operator('ann', await login())
    const { lost, signal } = ctx
    const stopped = new Promise<number>(resolve =>
      signal.addEventListener('abort', () => resolve(performance.now())),
    )
    const work = withLeases(ctx, leases, async () => {
      // No FIN and no RST: of this connection, nothing arrives any more.
      await docker(
        'exec',
        name,
        'sh',
        '-c',
        `port=$(ss -Htn state established '( sport = :22 )' | awk '{ print $4 }' | tail -n 1 | sed 's/.*://')
        nft add table inet cut
        nft add chain inet cut in '{ type filter hook input priority 0; }'
        nft add rule inet cut in tcp dport 22 ct state established,new drop`,
      )
      await stopped
    })
    await work
    const at = await stopped
    expect(lost).toMatchObject([
      { message: 'one: lost the lease on web: the host was not heard of for 12 s' },
    ])
    const held = await execa(
      'docker',
      ['exec', name, 'flock', '-w', '30', '/run/fleetfile/web.lease', 'true'],
      {
        reject: false,
      },
    )
    expect(held.exitCode).toBe(0)
    expect(performance.now() - at).toBeLessThan(10_000)
    await docker('exec', name, 'nft', 'delete', 'table', 'inet', 'cut')
  })

  test('a reboot of the host frees it', async () => {
    const child = await victim()
    await docker('restart', '-t', '0', name)
    await expect.poll(() => freed(), { timeout: 30_000 }).toBeLessThan(5000)
    child.kill('SIGKILL')
  })
})
