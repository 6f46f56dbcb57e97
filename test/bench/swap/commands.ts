import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { LIMITS } from '../../../lib/swap/swap-target.ts'
import { makeKey } from '../../support/ssh-server-keys.ts'
import { NAME } from '../../e2e/swap-lab.ts'
import { must, VERSIONS, type Stage } from './stage.ts'

const shim = new URL('../../../bin/fleet.js', import.meta.url).pathname

/** What the command itself took, over SSH. All in milliseconds. */
export interface Commands {
  /** A swap without its health checks and its watch: what is ours. */
  readonly overheads: readonly number[]
  readonly swaps: readonly number[]
  /** From the command's start to the last proxy. */
  readonly rollbacks: readonly number[]
}

interface Heard {
  readonly at: number
  readonly type?: string
  readonly title?: string
  readonly text?: string
}

/** Lets our key in, and writes a fleet file of the hosts as they stand. */
async function declare({ lab, folder }: Stage): Promise<void> {
  const key = makeKey()
  const identityFile = join(folder, 'id')
  await writeFile(identityFile, key.private, { mode: 0o600 })
  const hosts: Record<string, unknown> = {}
  for (const machine of lab.machines) {
    const setUp = `ssh-keygen -A >/dev/null; mkdir -p /run/sshd; install -d -m 0700 /root/.ssh; cat >/root/.ssh/authorized_keys
[ -e /run/sshd.pid ] || /usr/sbin/sshd`
    await must(machine, setUp, `${key.public}\n`)
    const hostKey = await must(machine, 'cut -d " " -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub')
    const { role, address, name } = machine.host
    hosts[name] = { role, address, hostKeys: [hostKey] }
  }
  const { kind, role, port, slots, health, buildArgs } = lab.service
  const service = { kind, role, port, slots, health, buildArgs, proxy: lab.service.proxy, source: '../v1' }
  const file = {
    name: 'bench',
    provider: 'static',
    access: { user: 'root', identityFile },
    roles: { lb: {}, web: {} },
    hosts,
    services: { [NAME]: service },
  }
  await mkdir(join(folder, 'inventory'), { recursive: true })
  const text = `import { defineFleet } from 'fleetfile'\nexport default defineFleet(${JSON.stringify(file)})\n`
  await writeFile(join(folder, 'inventory/bench.ts'), text)
}

/** Runs the command and hears its events as they come. */
async function fleet(folder: string, ...args: readonly string[]) {
  const begun = performance.now()
  const running = execa(process.execPath, [shim, ...args, '--json'], {
    cwd: folder,
    env: { HOME: folder, XDG_STATE_HOME: '', XDG_CACHE_HOME: '', CI: 'true' },
    stdin: 'ignore',
    reject: false,
  })
  const heard: Heard[] = []
  createInterface({ input: running.stdout }).on('line', line => {
    heard.push({ ...JSON.parse(line), at: performance.now() - begun })
  })
  const { exitCode, stdout, stderr } = await running
  if (exitCode !== 0) throw new Error(`fleet ${args.join(' ')}: ${stderr}${stdout.slice(-2000)}`)
  return { heard, milliseconds: performance.now() - begun }
}

function phaseAt(heard: readonly Heard[], title: string): number {
  const found = heard.find(event => event.type === 'phase' && event.title?.startsWith(title))
  if (found === undefined) throw new Error(`the command has no phase ${title}`)
  return found.at
}

/** Swaps and rolls back by the built command, each so many times. Both images are on the hosts. */
export async function commands(stage: Stage, rounds: number, say: (text: string) => void): Promise<Commands> {
  await stage.clear('blue')
  await declare(stage)
  const { folder } = stage
  const [first, second] = VERSIONS
  await fleet(folder, 'swap', NAME, '--release', `./${first}`)
  const overheads: number[] = []
  const swaps: number[] = []
  const rollbacks: number[] = []
  for (let round = 1; round <= rounds; round += 1) {
    const { heard, milliseconds } = await fleet(folder, 'swap', NAME, '--release', `./${second}`)
    const checking = phaseAt(heard, 'Flip') - phaseAt(heard, 'Check')
    swaps.push(milliseconds)
    overheads.push(milliseconds - checking - LIMITS.watchSeconds * 1000)
    const back = await fleet(folder, 'rollback', NAME)
    const flipped = back.heard.find(({ text }) => text?.includes('serves again') === true)
    if (flipped === undefined) throw new Error('the rollback does not tell its flip')
    rollbacks.push(flipped.at)
    say(`  swap ${Math.round(milliseconds)} ms, rollback ${Math.round(flipped.at)} ms`)
  }
  return { overheads, swaps, rollbacks }
}
