import type { ContainerService } from '../../lib/fleet/model.ts'
import type { ContainerTarget } from '../../lib/swap/swap-target.ts'
import { SwapLab } from './swap-lab.ts'

/** Three hosts with engines that are to be a swarm, and a proxy. */
export class SwarmLab extends SwapLab {
  /** Hosts that a roll-out leaves out. */
  away: ReadonlySet<string> = new Set()
  /** Whether its fleet file places the service on the swarm. */
  placed = true
  readonly logs = '/var/log/t-swarm'

  constructor() {
    super('t-swarm', { hosts: ['web1', 'web2', 'web3'] })
  }

  override async start(): Promise<void> {
    await super.start()
    for (const machine of this.web) await machine.sh(`mkdir -p ${this.logs}; chmod 1777 ${this.logs}`)
  }

  override get service(): ContainerService {
    const service: ContainerService = { ...super.service, keep: { releases: 1 } }
    return this.placed ? { ...service, placement: 'swarm', replicas: 2 } : service
  }

  override get target(): ContainerTarget {
    const { hosts } = super.target
    return {
      ...super.target,
      hosts: hosts.filter(({ name }) => !this.away.has(name)),
      away: hosts.filter(({ name }) => this.away.has(name)),
      logs: this.logs,
    }
  }
}
