import type { Connect, ConnectOptions, Target, Transport } from './transport.ts'

/** The connection that a hop goes through, and whether it ends with it. */
interface Via {
  readonly transport: Transport
  readonly isOurs: boolean
}

async function openHop(
  target: Target,
  isOpenSsh: boolean,
  via: Via | undefined,
  options: ConnectOptions,
): Promise<Transport> {
  const owned = via?.isOurs === true ? via.transport : undefined
  if (!isOpenSsh) return (await import('./ssh.ts')).openSsh(target, { via: via?.transport, owned }, options)
  const { openOpenSsh, OpenSshTransport } = await import('./openssh.ts')
  const through = via?.transport
  if (through !== undefined && !(through instanceof OpenSshTransport)) {
    throw new TypeError('OpenSSH only goes through OpenSSH')
  }
  return openOpenSsh(target, { via: through, owned }, options)
}

/**
 * The hops to a target, itself the last. The jumps in front of an `openssh` hop are `openssh` as well, since OpenSSH goes
 * through nothing else.
 */
export function hopsTo(target: Target): readonly Target[] {
  const hops = [...(target.jumps ?? []), target]
  const last = hops.findLastIndex(hop => hop.transport === 'openssh')
  return hops.map((hop, index) => (index < last ? { ...hop, transport: 'openssh' } : hop))
}

/**
 * Connects over `target.jumps` in their order (a jump's own `jumps` are not followed), or over `options.via` in their
 * place; each hop with the transport that it asks for. The timeout is for each hop. Rejects with HostKeyError,
 * ConnectError, AbortedError, or ConfigError for a malformed pin. Importing this loads neither ssh2 nor execa: the first
 * connection does.
 */
export const connect: Connect = async (target, options) => {
  const { via: given, ...rest } = options
  let via: Via | undefined = given === undefined ? undefined : { transport: given, isOurs: false }
  const hops = given === undefined ? hopsTo(target) : [target]
  try {
    for (const hop of hops) {
      const transport = await openHop(hop, hop.transport === 'openssh', via, rest)
      via = { transport, isOurs: true }
    }
  } catch (error) {
    if (via?.isOurs === true) await via.transport.close()
    throw error
  }
  if (via === undefined) throw new TypeError('no hop')
  return via.transport
}
