import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { deploy } from '../../../lib/swap/swap.ts'
import type { Order } from './client.ts'
import type { Moment } from './moment.ts'
import type { FaultLab } from './fault-lab.ts'
import { declare } from './operator.ts'

const client = new URL('client.ts', import.meta.url).pathname
const jiti = new URL('../../../node_modules/.bin/jiti', import.meta.url).pathname

/** An operator in another process, so that users here are not kept waiting by what it does. */
async function inOtherProcess(
  { lab, door }: FaultLab,
  order: Omit<Order, 'folder' | 'ca' | 'addresses' | 'place'>,
) {
  const addresses = Object.fromEntries(lab.machines.map(({ name, address }) => [name, address]))
  const file = join(lab.folder, 'order.json')
  await writeFile(
    file,
    JSON.stringify({ ...order, addresses, folder: lab.folder, ca: door.ca, place: process.pid }),
  )
  return execa(jiti, [client, file], { reject: false, stdin: 'ignore' })
}

/** One that is killed with SIGKILL at the moment of its order. */
async function killedAt(at: FaultLab, order: Parameters<typeof inOtherProcess>[1]): Promise<void> {
  const { signal, stderr, exitCode } = await inOtherProcess(at, order)
  if (signal !== 'SIGKILL') throw new Error(`not killed but ended with ${exitCode}: ${stderr}`)
}

/** The steps, each with the first thing that is done in it and whether users meet the new release by then. */
const STEPS: readonly (readonly [step: string, serves: boolean, moment: Moment])[] = [
  ['ship', false, { phase: 'Ship', script: 'docker' }],
  ['prepare', false, { phase: 'Prepare', script: '--label fleetfile.run=' }],
  ['migrate', false, { phase: 'Migrate', script: 't-faults-migrate' }],
  ['flip', true, { phase: 'Flip', script: 'set server' }],
  ['watch', true, { phase: 'Watch', script: 'show servers state', after: 3 }],
  ['finish', true, { phase: 'Watch', script: '.finish' }],
]

/** A client that is killed leaves users alone at every step, and the same swap again finishes it. */
export function killedClients(at: FaultLab): void {
  const { lab, door } = at
  test.each(STEPS)(
    'a client killed in the step %s: no failed request, and the same swap again finishes it',
    async (step, serves, moment) => {
      const version = step === 'ship' ? 'shipped' : await at.version()
      const order = { version, greeting: step, moment }
      const before = await door.get('/version')
      const old = door.get('/stream?seconds=6')
      const { result, report } = await door.underLoad(async () => {
        await killedAt(at, order)
        // What the proxy was told last is done without its client.
        await sleep(500)
        const met = await door.get('/version')
        const options = lab.options(await lab.release(version), step, { watchSeconds: 1, drainSeconds: 1 })
        const again = await deploy({ ...lab.context(), wait: 20_000 }, options)
        return { met, again }
      })
      expect(report.reasons).toEqual([])
      expect(report.failed).toBe(0)
      expect(result.met).toBe(serves ? `${version} ${step}\n` : before)
      expect(result.again).toMatchObject({ outcome: 'deployed', probe: { failed: 0 } })
      expect(await door.get('/version')).toBe(`${version} ${step}\n`)
      expect((await old).trim().split('\n')).toHaveLength(60)
      expect(await at.history()).toMatchObject({ action: 'deploy', slot: result.again.slot })
      const third = await deploy(lab.context(), lab.options(await lab.release(version), step))
      expect(third.outcome).toBe('unchanged')
    },
    90_000,
  )
}

/** Before its flip and behind it: the run that was killed goes on, from any machine. */
export function resumedClients(at: FaultLab): void {
  const { lab, door } = at
  test.each([
    ['ship', false, { phase: 'Ship', script: '/run.json' }],
    ['drain', true, { phase: 'Watch', script: 'show servers state' }],
  ] as const)(
    'a client killed in the step %s: no failed request, and fleet resume finishes its run',
    async (step, serves, moment) => {
      const version = `resumed-${step}`
      await lab.release(version)
      await declare(lab)
      const line = `swap ${lab.name} --release ./${version} --message killed`
      const before = await door.get('/version')
      const { result, report } = await door.underLoad(async () => {
        await killedAt(at, { version, greeting: '-', moment, line })
        await sleep(500)
        const met = await door.get('/version')
        const runs = await lab.web[0]?.sh('grep -l killed /var/lib/fleetfile/runs/*/run.json')
        const [, id = ''] = /runs\/(\S+)\/run\.json\n$/.exec(runs?.stdout.toString() ?? '') ?? []
        const resume = { version, greeting: '-', line: `resume ${id} --wait 20s` }
        return { met, id, resumed: await inOtherProcess(at, resume) }
      })
      expect(result.resumed.exitCode, result.resumed.stderr).toBe(0)
      expect(result.met).toBe(serves ? `${version} resumed\n` : before)
      expect(await door.get('/version')).toBe(`${version} resumed\n`)
      expect(report.reasons).toEqual([])
      expect(await at.history()).toMatchObject({
        action: 'deploy',
        label: version,
        message: 'killed',
        run: result.id,
      })
    },
    180_000,
  )
}
