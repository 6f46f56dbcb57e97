import { ConfigError } from '../../errors.ts'
import { forgetDeadEngine } from './dead-engine.ts'

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
  /** An engine that no longer answers may have left its process numbers. */
  readonly leftPidFiles: boolean
}

/** What a lab uses beside the engine: keys, certificates, releases. */
const TOOLS = { 'ssh-keygen': 'openssh-client', openssl: 'openssl', git: 'git' } as const
const PACKAGE_OF = { dockerd: 'docker.io', iptables: 'iptables', mmdebstrap: 'mmdebstrap' } as const
const START_UNMANAGED = 'setsid dockerd >>/var/log/dockerd.log 2>&1 </dev/null &'

/** The steps to a working engine; a ConfigError where only the operator can take them. */
export function planEngine(facts: EngineFacts): EngineReport {
  if (facts.platform !== 'linux') {
    throw new ConfigError("a lab stands on Linux: its hosts are reached at their containers' addresses", {
      hint: 'run fleet in a Linux VM, for example: colima start --network-address && colima ssh',
    })
  }
  const tools = missing(TOOLS, facts)
  if (facts.version !== undefined && tools.length === 0) return { ready: true, version: facts.version }
  if (facts.denied) {
    throw new ConfigError('this user may not use the Docker engine', {
      hint: 'sudo usermod -aG docker "$USER" && newgrp docker',
    })
  }
  if (facts.version !== undefined && !facts.debian) {
    throw new ConfigError(`a lab needs ${tools.join(', ')}`, {
      hint: `install ${tools.join(', ')} with this system's package manager`,
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
  if (facts.version !== undefined) {
    const reason = `this machine lacks ${tools.join(', ')}`
    return { ready: false, reason, steps: installSteps(tools, facts) }
  }
  return { ready: false, reason: 'no Docker engine answers on this machine', steps: stepsOf(facts) }
}

/** The packages of those programs that are not there. */
const missing = (packageOf: Readonly<Record<string, string>>, { programs }: EngineFacts): readonly string[] =>
  Object.entries(packageOf).flatMap(([program, name]) => (programs.has(program) ? [] : [name]))

/** As root, or through sudo. */
const step = (facts: EngineFacts, title: string, argv: readonly [string, ...string[]]): EngineStep => ({
  title,
  argv: facts.root ? argv : ['sudo', ...argv],
})

const APT_INSTALL = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', '-qy'] as const

const installSteps = (packages: readonly string[], facts: EngineFacts): readonly EngineStep[] =>
  packages.length === 0
    ? []
    : [
        step(facts, 'read the package lists', ['apt-get', 'update', '-q']),
        step(facts, `install ${packages.join(', ')}`, [
          ...APT_INSTALL,
          '--no-install-recommends',
          ...packages,
        ]),
      ]

function stepsOf(facts: EngineFacts): readonly EngineStep[] {
  const packages = [...missing(PACKAGE_OF, facts), ...missing(TOOLS, facts)]
  return [...installSteps(packages, facts), ...startSteps(facts)]
}

function startSteps(facts: EngineFacts): readonly EngineStep[] {
  if (facts.systemd) {
    return [step(facts, 'start Docker with systemd', ['systemctl', 'enable', '--now', 'docker'])]
  }
  const forget = step(facts, 'forget an engine that was killed', ['sh', '-c', forgetDeadEngine()])
  const title = 'start dockerd in the background, logging to /var/log/dockerd.log'
  return [...(facts.leftPidFiles ? [forget] : []), step(facts, title, ['sh', '-c', START_UNMANAGED])]
}
