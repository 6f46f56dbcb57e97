import { connect } from 'node:net'
import { execa } from 'execa'
import { CommandError, ConnectError } from '../../lib/errors.ts'
import type { FleetHost } from '../../lib/fleet/resolved.ts'
import { Secret } from '../../lib/shell/secret.ts'
import { sh, type Command } from '../../lib/shell/sh.ts'
import type { HostContext } from '../../lib/task/context.ts'
import type { ExecOptions, ExecResult, Transport } from '../../lib/transport/transport.ts'
import { type MachineLogin, SSHD } from './machine-login.ts'

/** Capabilities that a machine with systemd or dockerd needs, where `--privileged` is refused. */
const CAPABILITIES =
  `AUDIT_WRITE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK KILL LINUX_IMMUTABLE
MKNOD NET_ADMIN NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_CHROOT SYS_NICE SYS_PTRACE
SYS_RESOURCE`
    .split(/\s+/)
    .filter(name => name !== 'SYS_RESOURCE')

/** Runs a machine's engine. */
export const DOCKERD = `for m in $(awk '$3=="cgroup"||$2=="/sys/fs/cgroup"{print $2}' /proc/mounts); do mount -o remount,bind,rw $m; done
exec dockerd >/var/log/dockerd.log 2>&1`

/** Prepares what Podman's network needs; it has no daemon. */
export const PODMAN = `for m in $(awk '$3=="cgroup"||$2=="/sys/fs/cgroup"{print $2}' /proc/mounts); do mount -o remount,bind,rw $m; done
mount --bind /proc/sys/net /proc/sys/net && mount -o remount,bind,rw /proc/sys/net
exec sleep infinity`

export const docker = async (...args: string[]): Promise<string> =>
  (await execa('docker', args, { stdin: 'ignore' })).stdout

/** A machine of the test: a container with an engine or a proxy of its own. */
export class Machine {
  readonly name: string
  readonly #prefix: string
  readonly #image: string
  address = ''
  executions = 0
  /** With one it is told things by SSH, as a host is; else past it, where its own sshd is what is tested. */
  login: MachineLogin | undefined
  #connected: Promise<Transport> | undefined
  #isOff = false

  constructor(name: string, { prefix = 't-swap', image = 't-docker-host' } = {}) {
    this.name = name
    this.#prefix = prefix
    this.#image = image
  }

  get container(): string {
    return `${this.#prefix}-${this.name}`
  }

  async start(command: string, ...options: string[]): Promise<void> {
    const rights = CAPABILITIES.flatMap(name => ['--cap-add', name])
    const open = ['--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined']
    const volumes = [
      '--cgroupns',
      'private',
      '--tmpfs',
      '/run',
      '--tmpfs',
      '/tmp',
      '-v',
      '/var/lib/docker',
      '-v',
      '/var/lib/containers',
    ]
    await docker(
      'run',
      '--detach',
      '--name',
      this.container,
      ...rights,
      ...open,
      ...volumes,
      ...(this.login?.options ?? []),
      ...options,
      this.#image,
      'sh',
      '-c',
      this.login === undefined ? command : `${SSHD}\n${command}`,
    )
    await this.locate()
  }

  /** Takes its power, by `docker kill` or `docker stop`: what runs there now is cut off, and it is not to be reached. */
  async halt(...by: string[]): Promise<void> {
    await docker(...by, this.container)
    this.#isOff = true
    await this.hangUp()
  }

  async boot(): Promise<void> {
    await docker('start', this.container)
    await this.locate()
    this.#isOff = false
  }

  /** Boots it again: what lies in memory alone is gone. */
  async reboot(): Promise<void> {
    await this.halt('stop', '--time', '20')
    await this.boot()
  }

  /** Ends the connection to it. */
  async hangUp(): Promise<void> {
    const open = this.#connected
    this.#connected = undefined
    await open?.then(
      transport => transport.close(),
      () => undefined,
    )
  }

  async locate(): Promise<void> {
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
    this.address = (await docker('inspect', '--format', format, this.container)).trim()
  }

  async sh(
    script: string,
    stdin?: ExecOptions['stdin'],
    onStdout?: ExecOptions['onStdout'],
  ): Promise<ExecResult> {
    this.executions += 1
    if (this.#isOff) throw new ConnectError('the machine is off', { host: this.name })
    if (this.login === undefined) return this.#past(script, stdin, onStdout)
    this.#connected ??= this.login.connect(this.name, this.address)
    const connected = this.#connected
    try {
      const more = {
        ...(stdin === undefined ? {} : { stdin }),
        ...(onStdout === undefined ? {} : { onStdout }),
      }
      return await (await connected).exec(sh`exec sh -c ${script}`.text, more)
    } catch (error) {
      if (error instanceof ConnectError && this.#connected === connected) this.#connected = undefined
      throw error
    }
  }

  /** By `docker exec`. */
  async #past(
    script: string,
    stdin: ExecOptions['stdin'],
    onStdout: ExecOptions['onStdout'],
  ): Promise<ExecResult> {
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
    if (exitCode !== 0 && /is not running|No such container/.test(Buffer.from(stderr).toString()))
      throw new ConnectError('the machine is off', { host: this.name })
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
    return {
      host: this.host,
      read: run,
      run,
      transport: () => Promise.resolve(this.transport),
      touch: () => Promise.resolve(),
    }
  }
}

/** Waits until a machine's systemd has started what is enabled. */
export async function booted(machine: Machine): Promise<void> {
  const isUp = "systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'"
  await machine.sh(`for i in $(seq 300); do ${isUp} && break; sleep 0.1; done`)
}
