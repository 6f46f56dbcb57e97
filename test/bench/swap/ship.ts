import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Image } from '../../../lib/container/image.ts'
import { ShipLab } from '../../e2e/ship-lab.ts'

/** One way of bringing one image to some hosts, measured. */
export interface ShipRow {
  readonly ship: 'first' | 'one line changed'
  readonly hosts: number
  readonly tool: 'fleet' | 'docker save | ssh docker load'
  readonly seconds: number
  /** Bytes that left this machine for the hosts. */
  readonly bytes: number
}

/** Bytes of the layer that differs, and of an image's layer that stays. */
const LAYER = 4_000_000
const COUNTS = [1, 3] as const

/**
 * Ships an image with a large layer, then the same with one line changed, to one host and to three: ours, and what
 * operators without a registry write into a script. Each gets fresh hosts; the machine should have nothing else to do.
 */
export async function shipRows(say: (text: string) => void): Promise<readonly ShipRow[]> {
  const rows: ShipRow[] = []
  for (const hosts of COUNTS) {
    for (const tool of ['fleet', 'docker save | ssh docker load'] as const) {
      const lab = new ShipLab(hosts)
      try {
        await lab.start()
        for (const ship of ['first', 'one line changed'] as const) {
          const image = await lab.image(ship === 'first' ? 'one' : 'two', LAYER)
          say(`${tool}: ${ship}, ${hosts} hosts`)
          const started = performance.now()
          const bytes = tool === 'fleet' ? await ours(lab, image) : await pipes(lab, image)
          rows.push({ ship, hosts, tool, seconds: (performance.now() - started) / 1000, bytes })
        }
      } finally {
        await lab.stop()
      }
    }
  }
  return rows
}

async function ours(lab: ShipLab, image: Image): Promise<number> {
  const before = await lab.sent()
  await lab.ship(image)
  return (await lab.sent()) - before
}

/** Side by side, as a script with `&` and `wait` does it. */
async function pipes(lab: ShipLab, image: Image): Promise<number> {
  const sent = await Promise.all(
    lab.hosts.map(async ({ name, target }) => {
      const known = join(lab.folder, `known-${name}`)
      await execa('tee', [known], {
        input: target.hostKeys.map(key => `${target.address} ${key}\n`).join(''),
      })
      const file = join(lab.folder, `saved-${name}`)
      await execa('docker', ['save', '--output', file, image.tag])
      const options = ['-F', '/dev/null', '-o', `UserKnownHostsFile=${known}`, '-o', 'BatchMode=yes']
      const login = ['-i', target.identityFile ?? '', `${target.user}@${target.address}`]
      const stdin = createReadStream(file)
      await execa('ssh', [...options, ...login, 'sudo docker load'], { input: stdin })
      return stdin.bytesRead
    }),
  )
  return sent.reduce((sum, bytes) => sum + bytes, 0)
}

/** The rows as lines of a report. */
export const shipReport = (rows: readonly ShipRow[]): readonly string[] => [
  '| ship | hosts | tool | seconds | bytes sent from here |',
  '| --- | --- | --- | --- | --- |',
  ...rows.map(
    ({ ship, hosts, tool, seconds, bytes }) =>
      `| ${ship} | ${hosts} | ${tool.replace('|', '\\|')} | ${seconds.toFixed(1)} | ${(bytes / 1e6).toFixed(1)} MB |`,
  ),
]
