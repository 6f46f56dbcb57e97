import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { labDebian } from '../../lib/providers/lab/place.ts'
import { vpsRepository } from '../../lib/providers/lab/recipe.ts'
import { DockerTransport } from './docker-transport.ts'

/** As the lab gives them to a VPS: all but what `--privileged` asks for in vain. */
const CAPABILITIES =
  'AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK ' +
  'IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST ' +
  'NET_RAW SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_NICE SYS_PACCT SYS_PTRACE ' +
  'SYS_RAWIO SYS_TTY_CONFIG WAKE_ALARM'

const docker = (...args: readonly string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()

function tryDocker(...args: readonly string[]): string {
  try {
    return docker(...args)
  } catch {
    return ''
  }
}

export interface LabContainer {
  start(): Promise<DockerTransport>
  stop(): void
}

/** A container of the lab's image, with systemd; undefined where there is no Docker or the image was never built. */
export function labContainer(name: string): LabContainer | undefined {
  const repository = vpsRepository(labDebian(process.env))
  const image = tryDocker('images', '--format', '{{.Repository}}:{{.Tag}}', repository).split('\n')[0]
  if (image === undefined || image === '') return undefined
  return {
    async start() {
      tryDocker('rm', '-f', '-v', name)
      const flags = [
        '--security-opt=seccomp=unconfined',
        '--security-opt=apparmor=unconfined',
        '--cgroupns=private',
      ]
      const tmpfs = [
        '--tmpfs=/run',
        '--tmpfs=/run/lock',
        '--tmpfs=/tmp:exec,mode=1777',
        '--tmpfs=/small:size=1m',
      ]
      const capabilities = ['--cap-drop=ALL', ...CAPABILITIES.split(' ').map(cap => `--cap-add=${cap}`)]
      docker('run', '-d', `--name=${name}`, `--hostname=${name}`, ...capabilities, ...flags, ...tmpfs, image)
      const host = new DockerTransport(name)
      for (let tries = 0; tries < 100; tries += 1) {
        if (/running|degraded/.test(tryDocker('exec', name, 'sh', '-c', 'systemctl is-system-running || :')))
          break
        await sleep(200)
      }
      const cache = tryDocker(
        'inspect',
        '-f',
        '{{.NetworkSettings.Networks.bridge.IPAddress}}',
        'fleetfile-lab-cache',
      )
      if (cache !== '') host.run(`echo ${cache}:3142 >/usr/local/lib/fleetlab/cache`)
      return host
    },
    stop() {
      tryDocker('rm', '-f', '-v', name)
    },
  }
}
