import type { Connect, ConnectOptions, Target, Transport } from './transport.ts'

async function openHop(
  target: Target,
  isOpenSsh: boolean,
  via: Transport | undefined,
  options: ConnectOptions,
): Promise<Transport> {
  if (!isOpenSsh) return (await import('./ssh.ts')).openSsh(target, via, options)
  const { openOpenSsh, OpenSshTransport } = await import('./openssh.ts')
  if (via !== undefined && !(via instanceof OpenSshTransport))
    throw new TypeError('OpenSSH only goes through OpenSSH')
  return openOpenSsh(target, via, options)
}

/**
 * Connects over `target.jumps` in their order (a jump's own `jumps` are not followed), each hop with the transport that
 * it asks for; the jumps in front of an `openssh` hop are `openssh` as well, since OpenSSH goes through nothing else. The
 * timeout is for each hop. Rejects with HostKeyError, ConnectError, AbortedError, or ConfigError for a malformed pin.
 * Importing this loads neither ssh2 nor execa: the first connection does.
 */
export const connect: Connect = async (target, options) => {
  const hops = [...(target.jumps ?? []), target]
  const lastOpenSsh = hops.findLastIndex(hop => hop.transport === 'openssh')
  let via: Transport | undefined
  try {
    for (const [index, hop] of hops.entries()) via = await openHop(hop, index <= lastOpenSsh, via, options)
  } catch (error) {
    await via?.close()
    throw error
  }
  if (via === undefined) throw new TypeError('no hop')
  return via
}
