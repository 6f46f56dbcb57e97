import type { ContainerService } from '../../lib/fleet/model.ts'
import type { SwapTarget } from '../../lib/rollout/swap-target.ts'
import { docker, DOCKERD, type Machine } from './machine.ts'
import { SwapLab } from './swap-lab.ts'

/** Three hosts with engines and a proxy, each with an address that it keeps when it is started again. */
export class SwarmLab extends SwapLab {
  /** Hosts that a roll-out leaves out. */
  away: ReadonlySet<string> = new Set()
  readonly logs = '/var/log/t-swarm'

  constructor() {
    super('t-swarm', ['web1', 'web2', 'web3'])
  }

  override async start(): Promise<void> {
    await this.prepare()
    const network = `${this.name}-net`
    await docker('network', 'create', '--subnet', '172.29.83.0/24', network)
    const at = (index: number) => ['--network', network, '--ip', `172.29.83.${10 + index}`]
    await this.lb.start('exec sleep infinity', ...at(0))
    for (const [index, machine] of this.web.entries()) await machine.start(DOCKERD, ...at(index + 1))
    for (const machine of this.web) await this.awake(machine)
  }

  /** Waits for a machine's engine. */
  async awake(machine: Machine): Promise<void> {
    await machine.sh('for i in $(seq 100); do docker info >/dev/null 2>&1 && break; sleep 0.2; done')
    await machine.sh(`mkdir -p ${this.logs}; chmod 1777 ${this.logs}`)
  }

  override readonly service: ContainerService = {
    kind: 'container',
    role: 'web',
    placement: 'swarm',
    replicas: 2,
    port: 8000,
    slots: { blue: 8001, green: 8002 },
    health: '/up',
    migrate: ['sh', '-c', 'test "$GREETING" != unfit'],
    buildArgs: { BASE: 't-swap-python' },
    proxy: { role: 'lb', names: ['app.swap.test'] },
  }

  override get target(): SwapTarget {
    const hosts = this.web.map(({ host }) => host)
    return {
      name: this.name,
      service: this.service,
      hosts: hosts.filter(({ name }) => !this.away.has(name)),
      away: hosts.filter(({ name }) => this.away.has(name)),
      proxies: [this.lb.host],
      logs: this.logs,
    }
  }
}
