import { ConfigError, messageOf } from '../errors.ts'
import { hasLive } from '../fleet/pair-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { directory } from '../resource/kinds/directory.ts'
import { file } from '../resource/kinds/file.ts'
import { firstFile } from '../resource/kinds/first-file.ts'
import { unitFile } from '../resource/kinds/unit-file.ts'
import { unit } from '../resource/kinds/unit.ts'
import { user } from '../resource/kinds/user.ts'
import type { Resource } from '../resource/resource.ts'
import { sh } from '../shell/sh.ts'
import { addressesOf, knownSource } from '../ship/ship-key.ts'
import type { Opened } from '../swap/swap-target.ts'
import { answerLock, LIVE, LIVE_STATE, LIVE_USER } from './live-work.ts'
import type { Outfit, PairTarget } from './pair-target.ts'

const LIB = '/usr/local/lib/fleetfile'
const ETC = '/etc/fleetfile/live'

/** How a host asks the other one. It knows that one by the name `source`, and by no other key than the pinned ones. */
const SSH = `ssh -F /dev/null -i ${ETC}/key -o UserKnownHostsFile=${ETC}/known_hosts -o GlobalKnownHostsFile=/dev/null -o HostKeyAlias=source -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes -o ControlPath=none -o ConnectTimeout=5 -o ServerAliveInterval=2 -l ${LIVE_USER}`

/** Makes a host's own key where it has none, and prints its public half. The private one never leaves the host. */
const keyCommand = sh`umask 077; mkdir -p ${ETC} || exit 1
[ -s ${ETC}/key ] || ssh-keygen -q -t ed25519 -N '' -C '' -f ${ETC}/key </dev/null >&2 || exit 1
ssh-keygen -y -f ${ETC}/key`

/** What one host of a pair knows of the other one. */
export interface Acquaintance {
  readonly address: string
  readonly port: number
  /** Its pinned keys, as OpenSSH reads them. */
  readonly known: string
  /** `ssh-ed25519 AAAA...` */
  readonly key: string
  /** Where it comes from; anywhere when empty. */
  readonly from: readonly string[]
}

/** What lets a host ask the other one after a boot whether it may go on with a service's live work, and answer it. */
export function bootResources(
  service: string,
  bodies: Pick<Outfit['bodies'], 'answerLive' | 'bootLive'>,
  { address, port, known, key, from }: Acquaintance,
): readonly Resource[] {
  const places = { folder: LIVE, state: LIVE_STATE }
  const origin = from.length === 0 ? '' : `,from="${from.join(',')}"`
  const name = `fleetfile-live-${service}.service`
  const content = `[Unit]
Description=Go on with what is live of ${service}, if the other host has none of it
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=${LIB}/boot-live ${service} ${port} ${address}

[Install]
WantedBy=multi-user.target
`
  return [
    user({ name: LIVE_USER, system: true, home: LIVE_STATE, shell: '/bin/sh' }),
    directory({ path: LIB, mode: 0o755 }),
    file({ path: `${LIB}/answer-live`, content: bodies.answerLive(places), mode: 0o755 }),
    file({ path: `${LIB}/boot-live`, content: bodies.bootLive({ ...places, ssh: SSH }), mode: 0o755 }),
    directory({ path: LIVE_STATE, mode: 0o755 }),
    firstFile({ path: answerLock(service), content: '' }),
    directory({ path: `${LIVE_STATE}/.ssh`, mode: 0o755 }),
    file({
      path: `${LIVE_STATE}/.ssh/authorized_keys`,
      content: `restrict,command="${LIB}/answer-live"${origin} ${key}\n`,
    }),
    directory({ path: ETC, mode: 0o700 }),
    file({ path: `${ETC}/known_hosts`, content: known }),
    unitFile({ name, content }),
    unit({ name, enabled: true }),
  ]
}

/**
 * Lets the hosts of a pair with live work ask each other after a boot. Where that fails it is said: then what is live waits
 * for the next command.
 */
export async function introduceHosts({ ctx, target }: Opened<PairTarget>): Promise<void> {
  const { name, service, hosts, outfit } = target
  if (outfit === undefined || hosts.length < 2 || !hasLive(service)) return
  try {
    const keys = await ctx.each(hosts, host => publicKey(ctx, host))
    const known = await Promise.all(hosts.map(host => acquaintance(host, keys.get(host.name) ?? '')))
    await ctx.each(hosts, async (host): Promise<void> => {
      const [other] = known.filter((_, index) => hosts[index] !== host)
      if (other !== undefined) await ctx.apply(bootResources(name, outfit.bodies, other), [host])
    })
  } catch (error) {
    ctx.warn(`after a boot, what is live of ${name} waits for the next command: ${messageOf(error)}`)
  }
}

async function publicKey(ctx: Opened['ctx'], host: FleetHost): Promise<string> {
  const { stdout } = await ctx.on(host).run(keyCommand, { root: true })
  const key = /^ssh-ed25519 [A-Za-z0-9+/=]{68}(?=\s|$)/.exec(stdout.toString('utf8'))?.[0]
  if (key === undefined)
    throw new ConfigError('has made no key to ask the other host with', { host: host.name })
  return key
}

async function acquaintance(host: FleetHost, key: string): Promise<Acquaintance> {
  const known = knownSource(host)
  if (known === undefined) throw new ConfigError('has no pinned host key', { host: host.name })
  return { address: host.address, port: host.target.port, known, key, from: await addressesOf([host]) }
}
