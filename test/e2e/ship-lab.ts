import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { execa } from 'execa'
import { pack } from 'tar-stream'
import { dockerEngine, type Engine } from '../../lib/container/engine.ts'
import { buildImage, type Image } from '../../lib/container/image.ts'
import { shipImage, type Shipped } from '../../lib/ship/ship.ts'
import type { FleetEvent } from '../../lib/events/event.ts'
import type { EngineName, ImageRecipe } from '../../lib/fleet/container-model.ts'
import type { FleetHost } from '../../lib/fleet/resolved.ts'
import { resolveRelease, type Release } from '../../lib/release/release.ts'
import type { RolloutContext } from '../../lib/rollout/rollout-context.ts'
import { eachHost } from '../../lib/task/each.ts'
import { hostContext } from '../../lib/task/host-context.ts'
import { connect } from '../../lib/transport/connect.ts'
import type { Target, Transport } from '../../lib/transport/transport.ts'
import { sshdHardening } from '../../templates/sshd/hardening.ts'
import { folder } from '../support/folder.ts'
import { makeKey } from '../support/ssh-server-keys.ts'
import { DOCKERD, Machine, docker } from './machine.ts'

const SSHD = `export DEBIAN_FRONTEND=noninteractive; apt-get update && apt-get install -y --no-install-recommends \\
    openssh-server openssh-client sudo docker-registry nftables podman crun && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*`
const LOGIN = `useradd --create-home --shell /bin/bash --password '*' deploy && \\
    echo 'deploy ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/50-deploy`

/** Images are the test's own: its labs may stand side by side. */
const NAME = 't-ship'

/** Machines with both engines and a hardened sshd of their own, reached as an operator reaches a fleet's hosts. */
export class ShipLab {
  readonly name: string
  readonly machines: readonly Machine[]
  readonly events: FleetEvent[] = []
  readonly #key = makeKey()
  readonly #open = new Map<string, Promise<Transport>>()
  #folder = ''
  #hosts: readonly FleetHost[] = []

  constructor(count: number) {
    this.name = `${NAME}-${process.pid}`
    this.machines = Array.from(
      { length: count },
      (_, index) => new Machine(`h${index + 1}`, { prefix: this.name, image: 't-ship-host' }),
    )
  }

  get hosts(): readonly FleetHost[] {
    return this.#hosts
  }

  get folder(): string {
    return this.#folder
  }

  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), `${NAME}-`))
    await execa('docker', ['build', '--tag', 't-ship-host', '-'], {
      input: `FROM t-docker-host\nRUN ${SSHD}\nRUN ${LOGIN}\n`,
    })
    await docker('network', 'create', this.name)
    this.#hosts = await Promise.all(this.machines.map(machine => this.#start(machine)))
  }

  async #start(machine: Machine): Promise<FleetHost> {
    const sshd = `ssh-keygen -A >/dev/null; mkdir -p /run/sshd; /usr/sbin/sshd; ${DOCKERD.replace('exec dockerd', 'exec dockerd --insecure-registry 0.0.0.0/0')}`
    await machine.start(sshd, '--network', this.name, '--tmpfs', '/small:size=4m')
    await machine.sh('cat >/etc/ssh/sshd_config.d/10-fleetfile.conf', sshdHardening({ user: 'deploy' }))
    await machine.sh(
      'install -d -m 0700 -o deploy /home/deploy/.ssh && cat >/home/deploy/.ssh/authorized_keys',
      `${this.#key.public}\n`,
    )
    const ready =
      'until docker info >/dev/null 2>&1 && [ -e /etc/ssh/ssh_host_ed25519_key.pub ]; do sleep 0.2; done'
    await machine.sh(`${ready}; pkill -o sshd; sleep 0.3; /usr/sbin/sshd`)
    const { stdout } = await machine.sh('cut -d " " -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub')
    const { name, address } = machine
    const identityFile = join(this.#folder, 'id')
    await writeFile(identityFile, this.#key.private, { mode: 0o600 })
    const target: Target = {
      name,
      address,
      port: 22,
      user: 'deploy',
      hostKeys: [stdout.toString('utf8').trim()],
      identityFile,
    }
    return { name, role: 'web', address, target, firstUser: 'root' }
  }

  async stop(): Promise<void> {
    await this.hangUp()
    for (const { container } of this.machines) {
      await execa('docker', ['rm', '-f', '-v', container], { reject: false })
    }
    await execa('docker', ['network', 'rm', this.name], { reject: false })
    await rm(this.#folder, { recursive: true, force: true })
    const made = await docker('image', 'ls', '--quiet', `fleetfile/${NAME}`)
    await execa('docker', ['rmi', '--force', ...new Set(made.split('\n').filter(Boolean))], { reject: false })
  }

  /** As when a laptop is closed: what was open is gone. */
  async hangUp(): Promise<void> {
    const open = [...this.#open.values()]
    this.#open.clear()
    await Promise.allSettled(open.map(async each => (await each).close()))
  }

  context(stop = new AbortController()): RolloutContext {
    const { signal } = stop
    const transport = (host: FleetHost): Promise<Transport> => {
      const known = this.#open.get(host.name)
      if (known !== undefined) return known
      const opening = connect(host.target, { signal: new AbortController().signal, timeout: 10_000 })
      this.#open.set(host.name, opening)
      return opening
    }
    const emit = (event: FleetEvent) => void this.events.push(event)
    return {
      on: host => hostContext(host, { planOnly: false, timeout: 60_000, signal, emit, connect: transport }),
      each: (hosts, work) => eachHost(hosts, work, { concurrency: 20, signal }),
      apply: () => Promise.reject(new Error('not used')),
      phase: title => emit({ type: 'phase', title }),
      note: (text, host) => emit({ type: 'note', text, ...(host === undefined ? {} : { host: host.name }) }),
      warn: text => emit({ type: 'warning', text }),
      emit,
      signal,
      planOnly: false,
      runId: 'run',
      owner: 'test@here',
      wait: 0,
      abandon: () => undefined,
      paths: {
        cwd: this.#folder,
        fleet: this.#folder,
        state: this.#folder,
        home: this.#folder,
        cache: join(this.#folder, 'cache'),
      },
    }
  }

  /** An image with a layer of a megabyte that is always the same, and one of `bytes` with a line that differs. */
  async image(version: string, bytes = 8_000_000): Promise<Image> {
    const place = join(this.#folder, version)
    await mkdir(place, { recursive: true })
    for (const [name, size] of [
      ['base', 1_000_000],
      [`blob-${bytes}`, bytes],
    ] as const) {
      const shared = join(this.#folder, name)
      await readFile(shared).catch(() => writeFile(shared, randomBytes(size)))
      await cp(shared, join(place, name.replace(/-.*/, '')))
    }
    await writeFile(join(place, 'line'), `${version}\n`)
    const lines = ['FROM scratch', 'COPY base /base', 'COPY blob line /srv/', 'CMD ["/none"]']
    await writeFile(join(place, 'Dockerfile'), `${lines.join('\n')}\n`)
    return this.built(version)
  }

  /** A release of these files. */
  async files(name: string, files: Readonly<Record<string, string>>): Promise<Release> {
    const path = folder(files)
    await cp(path, join(this.#folder, name), { recursive: true })
    return resolveRelease(undefined, `./${name}`, { signal: new AbortController().signal, cwd: this.#folder })
  }

  build(release: Release, recipe: ImageRecipe | undefined, engine: Engine): Promise<Image> {
    const emit = (event: FleetEvent) => void this.events.push(event)
    const { signal } = new AbortController()
    const made = { service: NAME, release, engine, signal, emit }
    return buildImage({ ...made, ...(recipe === undefined ? {} : { recipe }) })
  }

  /** A machine's own engine, with the base of the test in it, as another operator's. */
  async engineOf(machine: Machine | undefined): Promise<Engine> {
    if (machine === undefined) throw new Error('no machine')
    const base = pack()
    base.entry({ name: 'etc/passwd' }, 'nobody:x:65534:65534::/:/none\n')
    base.finalize()
    const tar = await buffer(base)
    await execa('docker', ['import', '-', 't-ship-base'], { input: tar })
    const { stdout } = await execa('docker', ['save', 't-ship-base'], { encoding: 'buffer' })
    await machine.sh('docker load', stdout)
    await writeFile(
      join(this.#folder, 'docker'),
      `#!/bin/sh\nexec docker exec -i ${machine.container} docker "$@"\n`,
      { mode: 0o755 },
    )
    return dockerEngine(join(this.#folder, 'docker'))
  }

  async built(version: string): Promise<Image> {
    const { signal } = new AbortController()
    const release = await resolveRelease(undefined, `./${version}`, { signal, cwd: this.#folder })
    return this.build(release, undefined, dockerEngine())
  }

  ship(
    image: Image,
    hosts: readonly FleetHost[] = this.#hosts,
    ctx: RolloutContext = this.context(),
    hostEngine: EngineName = 'docker',
  ): Promise<ReadonlyMap<string, Shipped>> {
    return shipImage(ctx, {
      service: NAME,
      image,
      hosts,
      hostEngine,
      engine: dockerEngine(),
    })
  }

  /** What each machine says, trimmed. */
  async say(script: string, machines: readonly Machine[] = this.machines): Promise<readonly string[]> {
    return Promise.all(
      machines.map(async machine => (await machine.sh(script)).stdout.toString('utf8').trim()),
    )
  }

  /** Bytes that this machine has sent over the connections that are open. */
  async sent(): Promise<number> {
    const open = await Promise.all(this.#open.values())
    return open.reduce((sum, { cost }) => sum + cost.bytesSent, 0)
  }

  async executions(): Promise<number> {
    const open = await Promise.all(this.#open.values())
    return open.reduce((sum, { cost }) => sum + cost.executions, 0)
  }
}
