import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, readFile, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { dockerEngine } from '../../lib/container/engine.ts'
import type { EnvValues } from '../../lib/container/env-file.ts'
import { CommandError, HostsFailedError, type HostFailure } from '../../lib/errors.ts'
import type { FleetEvent } from '../../lib/events/event.ts'
import type { FleetHost } from '../../lib/fleet/resolved.ts'
import type { EngineName } from '../../lib/fleet/container-model.ts'
import type { ProxyKind } from '../../lib/fleet/front-door-model.ts'
import type { ContainerService } from '../../lib/fleet/model.ts'
import type { Door } from '../../lib/proxy/front-door.ts'
import { resolveRelease, type Release } from '../../lib/release/release.ts'
import type { RolloutContext } from '../../lib/rollout/rollout-context.ts'
import type { ContainerTarget } from '../../lib/swap/swap-target.ts'
import { Secret } from '../../lib/shell/secret.ts'
import { DOCKERD, Machine, PODMAN, docker } from './machine.ts'
import { MachineLogin } from './machine-login.ts'
import { takeStep } from './take-step.ts'

/** The service's name: its images on this machine's engine are the test's own, and no lab's. */
export const NAME = 't-swap'

/** An init where the image has one. */
const PROXY = 'init=/usr/local/lib/fleetlab/init; [ ! -x $init ] || exec $init; exec sleep infinity'

export interface SwapLabOptions {
  readonly kind?: ProxyKind
  /** What the proxy's machine is made from; with systemd it is booted. */
  readonly image?: 't-docker-host' | 't-proxy-host'
  readonly hosts?: readonly string[]
  /** Whose machines they are: this process's unless told. */
  readonly place?: number
  /** What runs the slots on its hosts. */
  readonly engine?: EngineName
}

/** Two hosts with engines, a proxy, and a context that acts on them as the engine's own does. */
export class SwapLab {
  readonly lb: Machine
  readonly web: readonly Machine[]
  readonly events: FleetEvent[] = []
  readonly name: string
  /** Of its machines: several labs stand side by side. */
  readonly #place: string
  /** What stands in front; another one may take its place on the same machine. */
  kind: ProxyKind
  readonly engine: EngineName
  folder = ''
  /** Where its users come in, once it has a certificate. */
  door: Door | undefined

  constructor(
    name = NAME,
    {
      kind = 'haproxy',
      image = 't-docker-host',
      hosts = ['web1', 'web2'],
      engine = 'docker',
      place = process.pid,
    }: SwapLabOptions = {},
  ) {
    this.name = name
    this.kind = kind
    this.engine = engine
    this.#place = `${name}-${place}`
    this.lb = new Machine('lb', { prefix: this.#place, image })
    const hostImage = engine === 'podman' ? 't-podman' : 't-docker-host'
    this.web = hosts.map(host => new Machine(host, { prefix: this.#place, image: hostImage }))
  }

  get machines(): Machine[] {
    return [this.lb, ...this.web]
  }

  async start(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), `${this.name}-`))
    await this.stop()
    await this.login()
    const network = this.#place
    await docker('network', 'create', network)
    const run = this.engine === 'podman' ? PODMAN : DOCKERD
    await Promise.all([
      this.lb.start(PROXY, '--network', network),
      ...this.web.map(async machine => {
        await machine.start(run, '--network', network)
        await machine.sh(
          `for i in $(seq 100); do ${this.engine} info >/dev/null 2>&1 && break; sleep 0.2; done`,
        )
      }),
    ])
  }

  /** Lets its machines be told things by the keys of its folder. */
  async login(): Promise<void> {
    const login = await MachineLogin.in(this.folder)
    for (const machine of this.machines) machine.login = login
  }

  /** Ends the connections to its machines. */
  async hangUp(): Promise<void> {
    await Promise.all(this.machines.map(machine => machine.hangUp()))
  }

  async stop(): Promise<void> {
    await this.hangUp()
    await execa('docker', ['rm', '-f', '-v', ...this.machines.map(({ container }) => container)], {
      reject: false,
    })
    await execa('docker', ['network', 'rm', this.#place], { reject: false })
    const images = (await docker('image', 'ls', '--quiet', `fleetfile/${this.name}`))
      .split('\n')
      .filter(Boolean)
    if (images.length > 0) await execa('docker', ['rmi', '--force', ...new Set(images)], { reject: false })
  }

  get service(): ContainerService {
    return {
      kind: 'container',
      role: 'web',
      engine: this.engine,
      port: 8000,
      slots: { blue: 8001, green: 8002 },
      health: '/up',
      migrate: ['sh', '-c', 'echo "migrating for $GREETING"; test "$GREETING" != unfit'],
      buildArgs: { BASE: 't-swap-app' },
      probe: { path: '/version' },
      proxy: { role: 'lb', kind: this.kind, names: ['app.swap.test'] },
    }
  }

  get target(): ContainerTarget {
    return {
      name: this.name,
      service: this.service,
      hosts: this.web.map(({ host }) => host),
      proxies: [this.lb.host],
      ...(this.door === undefined ? {} : { door: this.door }),
    }
  }

  context(signal = new AbortController().signal): RolloutContext {
    /** Hosts whose lease the run has lost, with the reason: it does nothing more on them. */
    const abandoned = new Map<string, Error>()
    const machine = (host: FleetHost): Machine => {
      const found = this.machines.find(({ name }) => name === host.name)
      if (found === undefined) throw new Error(host.name)
      return found
    }
    const each: RolloutContext['each'] = async (hosts, work) => {
      const ends = await Promise.allSettled(hosts.map(work))
      const failures: HostFailure[] = []
      const results = new Map()
      for (const [index, end] of ends.entries()) {
        const host = hosts[index]?.name ?? ''
        if (end.status === 'fulfilled') results.set(host, end.value)
        else
          failures.push({
            host,
            error: end.reason instanceof Error ? end.reason : new Error(String(end.reason)),
          })
      }
      if (failures.length > 0) throw new HostsFailedError(failures, hosts.length)
      return results
    }
    return {
      on: host => {
        const reason = abandoned.get(host.name)
        if (reason !== undefined) throw reason
        return machine(host).context
      },
      each,
      apply: async (resources, hosts = []) => {
        const changed = await each(hosts, async host => {
          const ids: string[] = []
          for (const item of typeof resources === 'function' ? resources(host) : resources) {
            if ('barrier' in item) continue
            const { id, kind, wanted } = item
            const { stdout } = await machine(host).sh(kind.observe([wanted]))
            const [seen] = kind.parse(stdout.toString('utf8'), [wanted])
            if (kind.diff(wanted, seen) === undefined) continue
            ids.push(id)
            for (const step of kind.act(wanted, seen)) {
              const { exitCode, stderr } = await takeStep(machine(host), step)
              if (exitCode !== 0)
                throw new CommandError(`${step.title}: ${stderr.toString('utf8')}`, { host: host.name })
            }
          }
          return ids
        })
        return { changed, total: 0 }
      },
      phase: title => this.events.push({ type: 'phase', title }),
      note: text => this.events.push({ type: 'note', text }),
      warn: text => this.events.push({ type: 'warning', text }),
      emit: event => this.events.push(event),
      signal,
      planOnly: false,
      runId: 'run',
      owner: 'test@here',
      wait: 0,
      abandon: ({ name }, error) => void abandoned.set(name, error),
      paths: {
        cwd: this.folder,
        fleet: this.folder,
        state: this.folder,
        home: this.folder,
        cache: join(this.folder, 'cache'),
      },
    }
  }

  /** A release of the stand-in service. */
  async release(version: string, broken = ''): Promise<Release> {
    const folder = join(this.folder, version)
    await mkdir(folder, { recursive: true })
    await cp(new URL('swap-service', import.meta.url).pathname, folder, { recursive: true })
    await mkdir(join(folder, 'static'), { recursive: true })
    const shared = join(this.folder, 'static')
    await readFile(shared).catch(() => writeFile(shared, randomBytes(400_000)))
    await cp(shared, join(folder, 'static/blob'))
    const app = await readFile(join(folder, 'app.py'), 'utf8')
    await writeFile(
      join(folder, 'app.py'),
      app.replace('"v1"', `"${version}"`).replace('BREAK = ""', `BREAK = "${broken}"`),
    )
    return resolveRelease(undefined, `./${version}`, {
      signal: new AbortController().signal,
      cwd: this.folder,
    })
  }

  readonly options = (release: Release, greeting: string, limits = {}) => ({
    target: this.target,
    release,
    env: { GREETING: new Secret('greeting', greeting) } satisfies EnvValues,
    engine: dockerEngine(),
    limits: { watchSeconds: 1, drainSeconds: 5, healthSeconds: 10, ...limits },
    now: () => new Date(),
  })
}
