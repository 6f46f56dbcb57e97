import type { Target, TransportName } from './transport.ts'

/** What an identity file is: `certified` has a certificate beside it, `hardware` is a FIDO key (sk-*). */
export type IdentityKind = 'plain' | 'certified' | 'hardware'

/** Why a host is reached through OpenSSH; undefined when ssh2 can do all that it takes. */
export function opensshReason(
  target: Omit<Target, 'transport'>,
  kinds: ReadonlyMap<string, IdentityKind>,
  /** The agent answers, and all of its keys are of types that ssh2 does not know. */
  agentIsForeign: boolean,
): string | undefined {
  const { openssh = {}, identityFile, moreIdentityFiles = [], authorities = [], hostKeys } = target
  if (openssh.proxyCommand !== undefined) return 'ProxyCommand in ~/.ssh/config'
  if ((openssh.certificateFiles ?? []).length > 0) return 'CertificateFile in ~/.ssh/config'
  if (openssh.pkcs11Provider !== undefined) return 'PKCS11Provider in ~/.ssh/config'
  if (authorities.length > 0 && hostKeys.length === 0) return '@cert-authority in known_hosts'
  const files = identityFile === undefined ? moreIdentityFiles : [identityFile]
  const found = files.map(file => kinds.get(file)).filter(kind => kind !== undefined)
  if (found.includes('certified')) return 'a certificate beside the identity file'
  if (found.length > 0 && found.every(kind => kind === 'hardware')) return 'a hardware key (sk)'
  if (found.length === 0 && agentIsForeign) return "the agent's keys"
  return undefined
}

/** The transport of a host: the fleet file's word, or what the host takes. */
export const chooseTransport = (
  wanted: TransportName | undefined,
  reason: string | undefined,
): TransportName => wanted ?? (reason === undefined ? 'ssh' : 'openssh')
