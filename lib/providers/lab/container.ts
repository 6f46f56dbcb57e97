import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { MachineSpec, ProviderCall } from '../provider.ts'
import { docker, dockerError, tryDocker } from './docker.ts'
import { makeKeyPair } from './keys.ts'
import { HOST_KEY_LABEL, HOST_LABEL, KEYS_LABEL, ROLE_LABEL } from './machines.ts'
import { LAB_LABEL, containerName, networkName } from './names.ts'
import { tarOf } from './tar.ts'

/* All but SYS_TIME, which would let a VPS move this machine's clock, and SYS_RESOURCE, SYS_MODULE and a
   few younger ones, which not every machine can give away. `--privileged` asks for every one of them. */
const CAPABILITIES = [
  'AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK',
  'IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST',
  'NET_RAW SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_NICE SYS_PACCT SYS_PTRACE',
  'SYS_RAWIO SYS_TTY_CONFIG WAKE_ALARM',
].flatMap(line => line.split(' '))

/** A VPS that is about to be made. */
export interface NewHost {
  readonly lab: string
  readonly spec: MachineSpec
  readonly image: string
  readonly address: string
  readonly resolvConf: string
  /** `address:port` of the package cache, or empty. */
  readonly cache: string
}

/** A short name for a set of keys, to tell later whether a host was made with others. */
export const keysDigest = (keys: readonly string[]): string =>
  createHash('sha256').update(keys.toSorted().join('\n')).digest('hex').slice(0, 12)

/** The arguments of `docker` that make, but do not start, a VPS. */
export function createArgs(host: NewHost, hostKey: string): readonly string[] {
  const { lab, spec, image, address } = host
  const labels = {
    [LAB_LABEL]: lab,
    [HOST_LABEL]: spec.name,
    [ROLE_LABEL]: spec.role,
    [HOST_KEY_LABEL]: hostKey,
    [KEYS_LABEL]: keysDigest(spec.authorizedKeys),
  }
  return [
    'create',
    `--name=${containerName(lab, spec.name)}`,
    `--hostname=${spec.name}`,
    `--network=${networkName(lab)}`,
    `--ip=${address}`,
    ...Object.entries(labels).map(([name, value]) => `--label=${name}=${value}`),
    '--cap-drop=ALL',
    ...CAPABILITIES.map(name => `--cap-add=${name}`),
    '--security-opt=seccomp=unconfined',
    '--security-opt=apparmor=unconfined',
    '--cgroupns=private',
    '--tmpfs=/run',
    '--tmpfs=/run/lock',
    '--tmpfs=/tmp:exec,mode=1777',
    '--volume=/var/lib/docker',
    image,
  ]
}

/** Makes a VPS with its host key, the operators' keys and its resolver in place, and starts it. */
export async function makeHost(host: NewHost, call: ProviderCall): Promise<void> {
  const { signal } = call
  const container = containerName(host.lab, host.spec.name)
  const hostKey = await makeKeyPair(`root@${host.spec.name}`)
  const files = await tarOf([
    { path: 'etc/ssh/ssh_host_ed25519_key', mode: 0o600, body: hostKey.privateKey },
    { path: 'etc/ssh/ssh_host_ed25519_key.pub', mode: 0o644, body: `${hostKey.publicKey}\n` },
    { path: 'root/.ssh/', mode: 0o700 },
    { path: 'root/.ssh/authorized_keys', mode: 0o600, body: `${host.spec.authorizedKeys.join('\n')}\n` },
    { path: 'usr/local/lib/fleetlab/resolv.conf', mode: 0o644, body: host.resolvConf },
    { path: 'usr/local/lib/fleetlab/cache', mode: 0o644, body: `${host.cache}\n` },
  ])
  await docker(createArgs(host, hostKey.publicKey), { signal })
  try {
    await docker(['cp', '-', `${container}:/`], { signal, input: files })
    await docker(['start', container], { signal })
  } catch (error) {
    await removeHost(container)
    throw error
  }
}

/** How often, and how long, a removal that somebody else has asked for is waited for. Milliseconds. */
const LOOK = 200
const REMOVAL = 60_000

/**
 * Removes a VPS with its volumes, and returns when it is gone: a removal whose client was stopped goes on in the engine,
 * and is waited for.
 */
export async function endHost(container: string, { signal }: Pick<ProviderCall, 'signal'>): Promise<void> {
  const args = ['rm', '--force', '--volumes', container]
  for (let waited = 0; ; waited += LOOK) {
    const { ok, stderr } = await tryDocker(args, { signal })
    if (ok || /no such container/i.test(stderr)) return
    if (!/already in progress/.test(stderr) || waited > REMOVAL) throw dockerError(args, stderr)
    await setTimeout(LOOK)
  }
}

/** Removes a VPS with its volumes; one that is already gone is fine. */
export async function removeHost(container: string): Promise<void> {
  await tryDocker(['rm', '--force', '--volumes', container])
}
