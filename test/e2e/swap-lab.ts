import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, readFile, writeFile, mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { dockerEngine } from '../../lib/container/engine.ts'
import type { EnvValues } from '../../lib/container/env-file.ts'
import { CommandError, HostsFailedError, type HostFailure } from '../../lib/errors.ts'
import type { FleetEvent } from '../../lib/events/event.ts'
import type { FleetHost } from '../../lib/fleet/resolved.ts'
import type { ContainerService } from '../../lib/fleet/model.ts'
import type { Door } from '../../lib/rollout/front-door.ts'
import { resolveRelease, type Release } from '../../lib/rollout/release.ts'
import type { RolloutContext } from '../../lib/rollout/rollout-context.ts'
import type { SwapTarget } from '../../lib/rollout/swap-target.ts'
import { Secret } from '../../lib/shell/secret.ts'
import type { Command } from '../../lib/shell/sh.ts'
import type { HostContext } from '../../lib/task/context.ts'
import type { ExecOptions, Transport } from '../../lib/transport/transport.ts'

/** The service's name: its images on this machine's engine are the test's own, and no lab's. */
export const NAME = 't-swap'

const PLACE = ['t-swap', process.env.FLEET_LAB].filter(Boolean).join('-')
/** Capabilities that a machine with systemd or dockerd needs, where `--privileged` is refused. */
const CAPABILITIES =
  `AUDIT_WRITE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK KILL LINUX_IMMUTABLE
MKNOD NET_ADMIN NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_CHROOT SYS_NICE SYS_PTRACE`.split(
    /\s+/,
  )

const DOCKERD = `for m in $(awk '$3=="cgroup"||$2=="/sys/fs/cgroup"{print $2}' /proc/mounts); do mount -o remount,bind,rw $m; done
exec dockerd >/var/log/dockerd.log 2>&1`

export const docker = async (...args: string[]): Promise<string> =>
  (await execa('docker', args, { stdin: 'ignore' })).stdout

/** A machine of the test: a container with an engine or a proxy of its own. */
export class Machine {
  readonly name: string
  address = ''
  executions = 0

  constructor(name: string) {
    this.name = name
  }

  get container(): string {
    return `${PLACE}-${this.name}`
  }

  async start(command: string, ...options: string[]): Promise<void> {
    const rights = CAPABILITIES.flatMap(name => ['--cap-add', name])
    const open = ['--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined']
    const volumes = ['--cgroupns', 'private', '--tmpfs', '/run', '--tmpfs', '/tmp', '-v', '/var/lib/docker']
    await docker(
      'run',
      '--detach',
      '--name',
      this.container,
      ...rights,
      ...open,
      ...volumes,
      ...options,
      't-swap-host',
      'sh',
      '-c',
      command,
    )
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
    this.address = (await docker('inspect', '--format', format, this.container)).trim()
  }

  async sh(script: string, stdin?: ExecOptions['stdin'], onStdout?: ExecOptions['onStdout']) {
    this.executions += 1
    const input =
      stdin === undefined
        ? { stdin: 'ignore' as const }
        : typeof stdin === 'string' || stdin instanceof Uint8Array
          ? { input: stdin }
          : { stdin }
    const running = execa(
      'docker',
      ['exec', ...(stdin === undefined ? [] : ['-i']), this.container, 'sh', '-c', script],
      {
        ...input,
        encoding: 'buffer',
        // An image is read back through it.
        maxBuffer: 1024 ** 3,
        stripFinalNewline: false,
        reject: false,
      },
    )
    if (onStdout !== undefined) running.stdout.on('data', onStdout)
    const { exitCode, stdout, stderr } = await running
    return { exitCode: exitCode ?? -1, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) }
  }

  get host(): FleetHost {
    const { name, address } = this
    const target = { name, address, port: 22, user: 'root', hostKeys: [] }
    return { name, role: name === 'lb' ? 'lb' : 'web', address, target, firstUser: 'root' }
  }

  get transport(): Transport {
    return {
      host: this.name,
      user: 'root',
      cost: { executions: this.executions, bytesSent: 0, bytesReceived: 0 },
      exec: (script, options = {}) => this.sh(script, options.stdin, options.onStdout),
      forward: (address, port) => Promise.resolve(connect(port, address)),
      close: () => Promise.resolve(),
    }
  }

  get context(): HostContext {
    const run = async (command: Command, { anyExitCode = false } = {}) => {
      const { stdin } = command
      const result = await this.sh(command.text, stdin instanceof Secret ? stdin.reveal() : stdin)
      if (result.exitCode === 0 || anyExitCode) return result
      throw new CommandError(`exit code ${result.exitCode}: ${result.stderr.toString('utf8')}`, {
        host: this.name,
      })
    }
    return { host: this.host, read: run, run, transport: () => Promise.resolve(this.transport) }
  }
}

/** Two hosts with engines, a proxy, and a context that acts on them as the engine's own does. */
export class SwapLab {
  readonly lb = new Machine('lb')
  readonly web = [new Machine('web1'), new Machine('web2')]
  readonly events: FleetEvent[] = []
  folder = ''
  /** Where its users come in, once it has a certificate. */
  door: Door | undefined

  get machines(): Machine[] {
    return [this.lb, ...this.web]
  }

  async start(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 't-swap-'))
    await this.stop()
    await docker('network', 'create', PLACE)
    await this.lb.start('exec sleep infinity', '--network', PLACE)
    for (const machine of this.web) {
      await machine.start(DOCKERD, '--network', PLACE)
      await machine.sh('for i in $(seq 100); do docker info >/dev/null 2>&1 && break; sleep 0.2; done')
    }
  }

  async stop(): Promise<void> {
    for (const { container } of this.machines)
      await execa('docker', ['rm', '-f', '-v', container], { reject: false })
    await execa('docker', ['network', 'rm', PLACE], { reject: false })
  }

  readonly service: ContainerService = {
    kind: 'container',
    role: 'web',
    port: 8000,
    slots: { blue: 8001, green: 8002 },
    health: '/up',
    migrate: ['sh', '-c', 'echo "migrating for $GREETING"; test "$GREETING" != unfit'],
    buildArgs: { BASE: 't-swap-python' },
    probe: { path: '/version' },
    proxy: { role: 'lb', names: ['app.swap.test'] },
  }

  get target(): SwapTarget {
    return {
      name: NAME,
      service: this.service,
      hosts: this.web.map(({ host }) => host),
      proxies: [this.lb.host],
      ...(this.door === undefined ? {} : { door: this.door }),
    }
  }

  context(signal = new AbortController().signal): RolloutContext {
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
      on: host => machine(host).context,
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
            for (const { script, stdin, title } of kind.act(wanted, seen)) {
              const text = stdin instanceof Secret ? stdin.reveal() : stdin
              const result = await machine(host).sh(`set -eu\n${script}`, text)
              if (result.exitCode !== 0)
                throw new CommandError(`${title}: ${result.stderr.toString('utf8')}`, { host: host.name })
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
      abandon: (_, error) => {
        throw error
      },
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
    limits: { watchSeconds: 2, drainSeconds: 5, healthSeconds: 10, ...limits },
    now: () => new Date(),
  })
}
