import { parseOnce, type OnceAnswer } from './once.ts'
import { parseQuarantines, type Quarantine } from '../rollout/quarantine.ts'

/** One release that a host runs: of a process service, or in a slot. */
export interface RunningRelease {
  readonly service: string
  readonly release: string
  readonly label?: string
  readonly slot?: string
  readonly state?: string
  readonly deployedAt?: Date
  /** The slot is the host itself, which runs nothing else of the service. */
  readonly isWhole?: boolean
}

/** What a host says of itself. */
export interface HostStatus {
  /** What its clock said, in milliseconds since 1970: it may be off, and so are the times of its releases then. */
  readonly clock: number
  readonly load: number
  readonly cores: number
  /** Use of the root file system, `42%`. */
  readonly disk: string
  /** systemd units that failed. */
  readonly failedUnits: readonly string[]
  readonly releases: readonly RunningRelease[]
  /** Supervised processes: how many there should be, and how many run. */
  readonly processes: { readonly running: number; readonly total: number }
  /** What it was told of hosts in quarantine, by service. */
  readonly quarantines: readonly Quarantine[]
  /** What it could learn of the programs that run once, by service. */
  readonly once: readonly OnceAnswer[]
  /** Services whose live work may run here. */
  readonly liveWork: readonly string[]
}

/** Supervisor's states in which a process is, or is about to be, at work. */
const AT_WORK = new Set(['RUNNING', 'STARTING'])

function release(value: string): RunningRelease {
  const [service = '', id = '', seconds = '', ...label] = value.split(' ')
  return { service, release: id, deployedAt: new Date(Number(seconds) * 1000), label: label.join(' ') }
}

function container(value: string): RunningRelease {
  const [service = '', slot = '', id = '', state = '', day = '', time = '', offset = '', , ...label] =
    value.split(' ')
  const deployedAt = new Date(`${day}T${time}${offset}`)
  return { service, slot, release: id, state, deployedAt, label: label.join(' ') }
}

/** Reads what `statusProbe` printed. */
export function parseStatus(output: string): HostStatus {
  const pairs = output
    .split('\n')
    .filter(Boolean)
    .map(line => {
      const tab = line.indexOf('\t')
      return { key: line.slice(0, tab), value: line.slice(tab + 1).trim() }
    })
  const all = (key: string) => pairs.filter(pair => pair.key === key).map(pair => pair.value)
  const programs = all('program').map(value => value.split(' ')[1] ?? '')
  return {
    clock: Number(all('clock')[0] ?? Number.NaN) * 1000,
    load: Number(all('load')[0] ?? Number.NaN),
    cores: Number(all('cores')[0] ?? Number.NaN),
    disk: all('disk')[0] ?? '?',
    failedUnits: (all('failed')[0] ?? '').split(' ').filter(Boolean),
    releases: [...all('release').map(release), ...all('container').map(container)],
    processes: { running: programs.filter(state => AT_WORK.has(state)).length, total: programs.length },
    quarantines: parseQuarantines(all('quarantine').join('\n')),
    once: parseOnce(all('once')),
    liveWork: all('live'),
  }
}
