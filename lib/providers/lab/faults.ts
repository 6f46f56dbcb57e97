import { ApiError, UsageError } from '../../errors.ts'
import { sanitise } from '../../text/sanitise.ts'
import type { ProviderCall } from '../provider.ts'
import { docker, tryDocker } from './docker.ts'
import { CUT, FILL, HEAL, SLOW, STATUS } from './fault-scripts.ts'
import { type LabMachine, listMachines } from './machines.ts'
import { SLOW_SCRIPT } from './slow-script.ts'

const DEFAULT_PATHS = ['/srv', '/var/lib/fleetfile']

/** What can be done to a host of a lab, to see how a fleet bears it. */
export interface LabFaults {
  /** Freezes all processes; the kernel still takes connections, nobody answers them. */
  pause(host: string, call: ProviderCall): Promise<void>
  unpause(host: string, call: ProviderCall): Promise<void>
  /** Cuts the host off from everything: silence, also on open connections. */
  cut(host: string, call: ProviderCall): Promise<void>
  /** Adds `rtt` milliseconds to every round trip with the host, of every protocol. */
  slow(host: string, rtt: number, call: ProviderCall): Promise<void>
  /** Leaves no more than `leave` bytes free in the directories. */
  fill(host: string, call: ProviderCall, options?: FillOptions): Promise<void>
  /** Undoes all of it, in whatever combination. */
  heal(host: string, call: ProviderCall): Promise<void>
  /** Every host with its faults: `paused`, `cut`, `slow 100`, `full /srv`. */
  status(call: ProviderCall): Promise<readonly HostStatus[]>
}

/** What `fill` fills. */
export interface FillOptions {
  readonly leave?: number
  readonly paths?: readonly string[]
}

/** One line of `fleet lab status`. */
export interface HostStatus {
  readonly host: string
  readonly role: string
  readonly address: string
  readonly state: 'running' | 'paused' | 'stopped'
  readonly faults: readonly string[]
}

/** The faults of one lab. */
export function labFaults(lab: string): LabFaults {
  const find = async (host: string, call: ProviderCall): Promise<LabMachine> => {
    const machines = await listMachines(lab, call)
    const machine = machines.find(({ name }) => name === host)
    if (machine !== undefined) return machine
    const known = machines.map(({ name }) => name).join(', ') || 'none'
    throw new UsageError(`the lab "${lab}" has no host "${host}" (it has: ${known})`, {
      hint: 'fleet lab status',
    })
  }
  const inside = async (
    host: string,
    call: ProviderCall,
    script: string,
    args: readonly string[] = [],
    input = '',
  ) => {
    const { container, state } = await find(host, call)
    if (state !== 'running') {
      const hint = state === 'stopped' ? 'fleet lab up' : `fleet lab heal ${host}`
      throw new UsageError(`is ${state}`, { host, hint })
    }
    const command = ['exec', '--interactive', container, 'sh', '-c', script, 'sh', ...args]
    const { ok, stderr } = await tryDocker(command, { signal: call.signal, input })
    if (!ok)
      throw new ApiError(`the fault could not be made: ${sanitise(stderr, 'lines')}`, {
        host,
        hint: `fleet lab heal ${host}`,
      })
  }
  const setPaused = async (host: string, wanted: boolean, call: ProviderCall): Promise<void> => {
    const { container, state } = await find(host, call)
    if (state === 'stopped') throw new UsageError('is stopped', { host, hint: 'fleet lab up' })
    if ((state === 'paused') !== wanted) {
      await docker([wanted ? 'pause' : 'unpause', container], { signal: call.signal })
    }
  }
  return {
    pause: (host, call) => setPaused(host, true, call),
    unpause: (host, call) => setPaused(host, false, call),
    cut: (host, call) => inside(host, call, CUT),
    slow: (host, rtt, call) => {
      if (!(rtt > 0 && rtt <= 60_000)) {
        throw new UsageError(`a round trip of ${rtt} ms`, {
          host,
          hint: `fleet lab slow ${host} --rtt 100ms`,
        })
      }
      return inside(host, call, SLOW, [String(rtt)], SLOW_SCRIPT)
    },
    fill: (host, call, { leave = 0, paths = DEFAULT_PATHS } = {}) => {
      const odd = paths.find(path => !/^(\/[^/\s]+)+$/.test(path) || path.split('/').includes('..'))
      if (odd !== undefined || !Number.isInteger(leave) || leave < 0) {
        throw new UsageError(`cannot fill "${odd ?? leave}"`, {
          host,
          hint: `fleet lab fill ${host}`,
        })
      }
      return inside(host, call, FILL, [String(leave), ...paths])
    },
    heal: async (host, call) => {
      await setPaused(host, false, call)
      await inside(host, call, HEAL)
    },
    status: async call =>
      await Promise.all((await listMachines(lab, call)).map(machine => statusOf(machine, call))),
  }
}

async function statusOf(machine: LabMachine, call: ProviderCall): Promise<HostStatus> {
  const { name: host, role, address, state, container } = machine
  const line = { host, role, address, state }
  if (state !== 'running') return { ...line, faults: state === 'paused' ? ['paused'] : [] }
  const { stdout } = await tryDocker(['exec', container, 'sh', '-c', STATUS], {
    signal: call.signal,
    timeout: 10_000,
  })
  return { ...line, faults: stdout.split('\n').filter(fault => fault !== '') }
}
