import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { z } from 'zod'
import type { LabFleet } from '../../support/lab-fleet.ts'
import { PREPARE } from './workload.ts'

/** A login that every tool uses: one address and port, root, one key, one pinned host key. */
export interface Endpoint {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly hostKey: string
}

/** The machines of the lab, made for this bench and gone after it. */
export interface Stage {
  readonly machines: readonly Endpoint[]
  /** Private key of the login. */
  readonly identity: string
  /** Runs a script inside machines, past SSH. Throws where it fails. */
  inside(machines: readonly Endpoint[], script: string): Promise<void>
}

const summary = z.object({
  hosts: z.array(z.object({ name: z.string(), address: z.string(), hostKeys: z.array(z.string()).min(1) })),
})

const labFleet = (count: number): string => `
import { defineFleet } from 'fleetfile'

export default defineFleet({
  name: 'bench',
  provider: 'lab',
  access: { user: 'root' },
  roles: { all: {} },
  hosts: { ${Array.from({ length: count }, (_, index) => `h${index + 1}: { role: 'all' }`).join(', ')} },
  services: {},
})
`

const fleetFile = (folder: string): string => join(folder, 'lab.ts')

/** Takes down what `setStage` made, also where it failed half-way. */
export async function strikeStage(lab: LabFleet, folder: string): Promise<void> {
  await lab.run('lab', 'down', '--fleet', fleetFile(folder))
  await lab.down()
}

/** Makes so many machines and prepares them. What is there when it fails is left to `strikeStage`. */
export async function setStage(lab: LabFleet, folder: string, count: number): Promise<Stage> {
  const file = fleetFile(folder)
  await mkdir(folder, { recursive: true })
  await writeFile(file, labFleet(count))
  const up = await lab.run('lab', 'up', '--fleet', file)
  if (up.exitCode !== 0) throw new Error(`the lab does not come up: ${up.stderr}${up.stdout.slice(-2000)}`)
  const { hosts } = summary.parse(JSON.parse(await readFile(join(lab.directory, 'lab.json'), 'utf8')))
  const machines = hosts.map(({ name, address, hostKeys: [hostKey = ''] }) => ({
    name,
    address,
    port: 22,
    hostKey,
  }))
  const inside = async (some: readonly Endpoint[], script: string) => {
    const limit = pLimit(8)
    await Promise.all(
      some.map(({ name }) =>
        limit(async () => {
          const { exitCode, stdout } = await lab.inside(name, 'sh', '-c', script)
          if (exitCode !== 0) throw new Error(`${name} cannot be prepared: ${stdout}`)
        }),
      ),
    )
  }
  await inside(machines, PREPARE)
  return { machines, identity: join(lab.directory, 'id_ed25519'), inside }
}

/** `count` hosts out of the machines; where there are fewer machines, by further ports of theirs. */
export function endpoints(machines: readonly Endpoint[], count: number): readonly Endpoint[] {
  return [22, 2201, 2202, 2203]
    .flatMap(port =>
      machines.map(machine => ({
        ...machine,
        port,
        name: port === 22 ? machine.name : `${machine.name}p${port}`,
      })),
    )
    .slice(0, count)
}
