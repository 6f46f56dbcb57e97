import { setTimeout as sleep } from 'node:timers/promises'
import { NAME } from '../../e2e/swap-lab.ts'
import { answers, type Way } from './ways.ts'
import { must, type Stage } from './stage.ts'

/**
 * Docker Swarm's own rolling update, one task a node behind HAProxy. Its ports are the hosts' own, since the routing mesh
 * needs IPVS in the kernel, which not every lab has: so the old task stops before the new one starts.
 */
export function swarmUpdate(stage: Stage, images: readonly string[]): Way {
  const [manager, worker] = stage.lab.web
  if (manager === undefined || worker === undefined) throw new Error('unreachable')
  const tag = (turn: number): string => `bench/app:${turn % 2}`
  return {
    title: 'docker service update (behind HAProxy)',
    origin: stage.origin,
    async prepare() {
      await stage.clear('blue')
      for (const machine of stage.lab.web)
        for (const turn of [0, 1]) await must(machine, `docker tag ${images[turn] ?? ''} ${tag(turn)}`)
      await must(manager, `docker swarm init --advertise-addr ${manager.address} >/dev/null`)
      const token = await must(manager, 'docker swarm join-token --quiet worker')
      await must(worker, `docker swarm join --token ${token} ${manager.address}:2377 >/dev/null`)
      const published = '--endpoint-mode dnsrr --publish mode=host,target=8000,published=8001'
      await must(
        manager,
        `timeout 60 docker service create --quiet --name ${NAME} --mode global ${published} --no-resolve-image ${tag(0)} >/dev/null`,
      )
      for (const machine of stage.lab.web) await answers(machine, 8001)
      await sleep(3000)
    },
    async swap(turn) {
      await must(
        manager,
        `timeout 120 docker service update --quiet --no-resolve-image --update-parallelism 1 --image ${tag(turn)} ${NAME} >/dev/null`,
      )
      await sleep(1000)
    },
    async clear() {
      for (const machine of [worker, manager]) await machine.sh('docker swarm leave --force')
    },
  }
}
