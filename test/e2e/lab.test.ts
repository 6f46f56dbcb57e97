import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FleetEvent } from '../../lib/events/event.ts'
import { inspectEngine } from '../../lib/providers/lab/engine.ts'
import { labFaults } from '../../lib/providers/lab/faults.ts'
import { labProvider } from '../../lib/providers/lab/lab.ts'
import { labFiles } from '../../lib/providers/lab/state.ts'
import type { Machine } from '../../lib/providers/provider.ts'

const lab = `t-lab-${process.pid}`
const events: FleetEvent[] = []
const call = { emit: (event: FleetEvent) => void events.push(event), signal: new AbortController().signal }
const specs = ['web1', 'web2'].map(name => ({ name, role: 'web', authorizedKeys: [] }))
const faults = labFaults(lab)
const engine = await inspectEngine()

const docker = async (...args: readonly string[]): Promise<string> => (await execa('docker', args)).stdout

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

const connectTime = (host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const begin = performance.now()
    const socket = connect({ host, port: 22 }, () => {
      socket.destroy()
      resolve(performance.now() - begin)
    })
    socket.once('error', reject)
  })

describe.skipIf(!engine.ready)('a lab of two hosts', { timeout: 120_000 }, () => {
  let root = ''
  let dir = ''
  let machines: readonly Machine[] = []
  const address = (name: string): string => machines.find(machine => machine.name === name)?.address ?? ''
  const provider = () => labProvider({ name: lab, dir })

  const ssh = (name: string, command: string, patience = 3) => {
    const { identity, knownHosts } = labFiles(dir)
    const options = [
      'StrictHostKeyChecking=yes',
      `UserKnownHostsFile=${knownHosts}`,
      'GlobalKnownHostsFile=/dev/null',
    ]
    options.push('BatchMode=yes', 'IdentitiesOnly=yes', `ConnectTimeout=${patience}`)
    const args = [
      '-F',
      '/dev/null',
      '-i',
      identity,
      ...options.flatMap(option => ['-o', option]),
      `root@${address(name)}`,
      command,
    ]
    return execa('ssh', args, { reject: false, timeout: 30_000 })
  }

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'fleet-lab-'))
    dir = join(root, lab)
    machines = await provider().create(specs, call)
  }, 600_000)

  afterAll(async () => {
    await provider().destroy(['web1', 'web2'], call)
    await rm(root, { recursive: true, force: true })
  }, 60_000)

  test('stands, is reached with its pinned key, and booted without a failed unit', async () => {
    expect(machines.map(({ name, state, firstUser }) => [name, state, firstUser])).toEqual([
      ['web1', 'running', 'root'],
      ['web2', 'running', 'root'],
    ])
    const { stdout, stderr } = await ssh('web1', 'hostname; systemctl is-system-running')
    expect(`${stdout}${stderr}`).toBe('web1\nrunning')
  })

  test('hosts reach each other, and names still resolve without any nftables rule', async () => {
    const { stdout } = await ssh(
      'web1',
      `nft flush ruleset; bash -c 'head -c 4 </dev/tcp/${address('web2')}/22'; getent hosts deb.debian.org`,
    )
    expect(stdout).toMatch(/^SSH-\S*[\d.:a-f]+\s+\S*deb/)
  })

  test('a second up changes nothing', async () => {
    const before = await docker('ps', '-q', '--no-trunc', '--filter', `label=fleetfile.lab=${lab}`)
    const said = events.length
    expect(await provider().create(specs, call)).toEqual(machines)
    expect(await docker('ps', '-q', '--no-trunc', '--filter', `label=fleetfile.lab=${lab}`)).toBe(before)
    expect(events.slice(said)).toEqual([])
  })

  test('a cut host is silent also on open connections, and comes back at its address', async () => {
    const open = connect({ host: address('web1'), port: 22 })
    const seen: string[] = []
    for (const event of ['error', 'close', 'end'] as const) open.on(event, () => seen.push(event))
    await new Promise(resolve => open.once('data', resolve))
    await faults.cut('web1', call)
    open.write('SSH-2.0-probe\r\n')
    const refused = await ssh('web1', 'true', 1)
    expect(refused.stderr).toMatch(/timed out/)
    expect((await faults.status(call)).map(host => host.faults)).toEqual([['cut'], []])
    expect(seen).toEqual([])
    open.destroy()
    await faults.heal('web1', call)
    expect((await ssh('web1', 'echo back')).stdout).toBe('back')
    expect((await provider().list(call)).map(machine => machine.address)).toEqual(
      machines.map(machine => machine.address),
    )
  })

  test('a paused host takes connections and answers nothing; up runs it again', async () => {
    await faults.pause('web2', call)
    expect((await ssh('web2', 'true', 1)).exitCode).toBe(255)
    expect((await provider().list(call)).map(({ state }) => state)).toEqual(['running', 'paused'])
    await provider().create(specs, call)
    expect((await ssh('web2', 'echo back')).stdout).toBe('back')
  })

  test('a slow host adds its round trip, and loses it when healed', async () => {
    const times = async (): Promise<number> => {
      const all: number[] = []
      for (let count = 0; count < 5; count += 1) all.push(await connectTime(address('web1')))
      return median(all)
    }
    await faults.slow('web1', 300, call)
    expect(await times()).toBeGreaterThanOrEqual(295)
    const bytes = await ssh('web1', 'head -c 3000000 /dev/zero')
    expect(bytes.stdout).toHaveLength(3_000_000)
    await faults.heal('web1', call)
    expect(await times()).toBeLessThan(295)
  })

  test('a full directory refuses writes, keeps its files, and takes them again when healed', async () => {
    await ssh('web1', 'echo kept > /srv/old')
    await faults.fill('web1', call)
    const full = await ssh('web1', 'cat /srv/old; dd if=/dev/zero of=/srv/new bs=64k count=1')
    expect(full.stdout).toBe('kept')
    expect(full.stderr).toMatch(/No space left on device/)
    await faults.fill('web1', call, { leave: 1_048_576, paths: ['/srv'] })
    expect(
      (await ssh('web1', 'rm -f /srv/new; head -c 900000 /dev/zero > /srv/fits && stat -c %s /srv/fits'))
        .stdout,
    ).toBe('900000')
    await faults.heal('web1', call)
    const healed = await ssh(
      'web1',
      'cat /srv/old; stat -c %s /srv/fits; ls -A /srv; grep -c fleetlab-full /proc/mounts',
    )
    expect(healed.stdout).toBe('kept\n900000\nfits\nold\n0')
  })

  test('a fault on an unknown host names those there are', async () => {
    await expect(faults.cut('web9', call)).rejects.toThrow('web1, web2')
  })

  test('down leaves nothing', async () => {
    const volumes = await docker(
      'inspect',
      '--format',
      '{{range .Mounts}}{{.Name}} {{end}}',
      `fleet-${lab}-web1`,
    )
    await provider().destroy(['web1'], call)
    expect((await provider().list(call)).map(({ name }) => name)).toEqual(['web2'])
    await provider().destroy(['web2', 'never-was'], call)
    await provider().destroy(['web2'], call)
    expect(await docker('ps', '-aq', '--filter', `label=fleetfile.lab=${lab}`)).toBe('')
    expect(await docker('network', 'ls', '-q', '--filter', `label=fleetfile.lab=${lab}`)).toBe('')
    expect((await docker('volume', 'ls', '-q')).split('\n')).not.toContain(volumes.trim())
    expect(existsSync(dir)).toBe(false)
  })
})
