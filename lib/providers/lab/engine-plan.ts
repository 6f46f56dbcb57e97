import { ConfigError } from '../../errors.ts'

/** One command that brings a Docker engine nearer. */
export interface EngineStep {
  readonly title: string
  readonly argv: readonly [string, ...string[]]
}

/** What stands between this machine and a lab. */
export type EngineReport =
  | { readonly ready: true; readonly version: string }
  | { readonly ready: false; readonly reason: string; readonly steps: readonly EngineStep[] }

/** What was found out about this machine. */
export interface EngineFacts {
  readonly platform: string
  /** The engine's version, when it answers. */
  readonly version?: string
  /** The engine runs, but not for this user. */
  readonly denied: boolean
  /** Programs that are installed, of those that the lab needs. */
  readonly programs: ReadonlySet<string>
  readonly debian: boolean
  readonly root: boolean
  readonly systemd: boolean
}

const PACKAGE_OF = { dockerd: 'docker.io', iptables: 'iptables', mmdebstrap: 'mmdebstrap' } as const
const START_UNMANAGED = 'setsid dockerd >>/var/log/dockerd.log 2>&1 </dev/null &'

/** The steps to a working engine; a ConfigError where only the operator can take them. */
export function planEngine(facts: EngineFacts): EngineReport {
  if (facts.platform !== 'linux') {
    throw new ConfigError("a lab stands on Linux: its hosts are reached at their containers' addresses", {
      hint: 'run fleet in a Linux VM, for example: colima start --network-address && colima ssh',
    })
  }
  if (facts.version !== undefined) return { ready: true, version: facts.version }
  if (facts.denied) {
    throw new ConfigError('this user may not use the Docker engine', {
      hint: 'sudo usermod -aG docker "$USER" && newgrp docker',
    })
  }
  if (!facts.debian) {
    throw new ConfigError('no Docker engine answers, and only on Debian and Ubuntu can fleet install one', {
      hint: 'install Docker Engine 20.10 or newer (docs.docker.com/engine/install), then: docker version',
    })
  }
  if (!facts.root && !facts.programs.has('sudo')) {
    throw new ConfigError('no Docker engine answers, and installing one needs root or sudo', {
      hint: 'su -c "apt-get install -y docker.io iptables mmdebstrap"',
    })
  }
  return { ready: false, reason: 'no Docker engine answers on this machine', steps: stepsOf(facts) }
}

function stepsOf(facts: EngineFacts): readonly EngineStep[] {
  const step = (title: string, argv: readonly [string, ...string[]]): EngineStep => ({
    title,
    argv: facts.root ? argv : ['sudo', ...argv],
  })
  const packages = Object.entries(PACKAGE_OF).flatMap(([program, name]) =>
    facts.programs.has(program) ? [] : [name],
  )
  const start = facts.systemd
    ? step('start Docker with systemd', ['systemctl', 'enable', '--now', 'docker'])
    : step('start dockerd in the background, logging to /var/log/dockerd.log', ['sh', '-c', START_UNMANAGED])
  if (packages.length === 0) return [start]
  return [
    step('read the package lists', ['apt-get', 'update', '-q']),
    step(`install ${packages.join(', ')}`, [
      ...([
        'env',
        'DEBIAN_FRONTEND=noninteractive',
        'apt-get',
        'install',
        '-qy',
        '--no-install-recommends',
      ] as const),
      ...packages,
    ]),
    start,
  ]
}
