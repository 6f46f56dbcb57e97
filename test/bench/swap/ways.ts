import { setTimeout as sleep } from 'node:timers/promises'
import { deploy } from '../../../lib/swap/swap.ts'
import type { Machine } from '../../e2e/machine.ts'
import { must, type Stage } from './stage.ts'

/** A way to bring the next release into service. */
export interface Way {
  readonly title: string
  /** Where its users come in. */
  readonly origin: string
  /** Makes the first release serve. Throws when this machine cannot do it. */
  readonly prepare: () => Promise<void>
  /** Brings in the n-th release, n from 1. */
  readonly swap: (turn: number) => Promise<void>
  readonly clear?: () => Promise<void>
}

/** Waits until a port of a machine answers 200. */
export async function answers(machine: Machine, port: number): Promise<void> {
  const up = `curl -sf -m 2 -o /dev/null http://${machine.address}:${port}/up`
  await must(machine, `for i in $(seq 200); do ${up} && exit 0; sleep 0.05; done; exit 1`)
}

/** Starts a container of an image as an operator does by hand. */
export const plainRun = (machine: Machine, name: string, image: string, port: number): string =>
  `docker run --detach --name ${name} --publish ${machine.address}:${port}:8000 ${image} >/dev/null`

const swapIn = (stage: Stage) => async (turn: number) => {
  const limits = { watchSeconds: 2, drainSeconds: 5 }
  const report = await deploy(
    stage.lab.context(),
    stage.lab.options(await stage.release(turn), 'bench', limits),
  )
  if (report.outcome !== 'deployed') throw new Error(`swap ${turn}: ${report.outcome}`)
}

/** Both slots, HAProxy's runtime API, drain and watch. */
export const ours = (stage: Stage): Way => ({
  title: 'fleet swap (HAProxy, two slots)',
  origin: stage.origin,
  async prepare() {
    // Both images come to the hosts before anything is measured.
    for (const turn of [1, 0]) await swapIn(stage)(turn)
  },
  swap: swapIn(stage),
})

/** What a script does on one host after the other. */
export const stopAndRun = (stage: Stage, images: readonly string[]): Way => ({
  title: 'docker stop; docker run (behind HAProxy)',
  origin: stage.origin,
  async prepare() {
    await stage.clear('blue')
    for (const machine of stage.lab.web) {
      await must(machine, plainRun(machine, 'plain', images[0] ?? '', 8001))
      await answers(machine, 8001)
    }
    // HAProxy has to see it as well.
    await sleep(3000)
  },
  async swap(turn) {
    for (const machine of stage.lab.web) {
      const run = plainRun(machine, 'plain', images[turn % 2] ?? '', 8001)
      await must(machine, `docker stop plain >/dev/null; docker rm plain >/dev/null; ${run}`)
      await answers(machine, 8001)
    }
    await sleep(1000)
  },
  clear: () => stage.clear('blue'),
})
