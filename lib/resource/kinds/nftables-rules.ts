import { BlockList, isIP } from 'node:net'
import { ConfigError } from '../../errors.ts'
import { wholeNumber } from '../check.ts'

/** A port that answers. */
export interface OpenPort {
  readonly port: number
  /** Last port of a range. */
  readonly to?: number
  /** tcp unless told. */
  readonly protocol?: 'tcp' | 'udp'
  /** Addresses or networks that may connect; everybody when not told, nobody when empty. */
  readonly from?: readonly string[]
}

export interface FirewallRules {
  /** Always open, to everybody: nobody is locked out by a rule. */
  readonly sshPort: number
  readonly ports: readonly OpenPort[]
}

interface Network {
  readonly address: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

function network(text: string): Network {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  const longest = version === 4 ? 32 : 128
  const bits = prefix === undefined ? longest : Number(prefix)
  const known = version !== 0 && !address.includes('%') && rest.length === 0
  if (!known || !Number.isInteger(bits) || bits < 0 || bits > longest || prefix === '') {
    throw new ConfigError(
      `firewall source ${JSON.stringify(text)} is not allowed: want an address or address/prefix`,
    )
  }
  return { address, prefix: bits, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** Without the networks that lie in another one: nft refuses a set whose parts overlap. */
function widest(networks: readonly Network[]): Network[] {
  const list = new BlockList()
  return networks
    .toSorted((a, b) => a.prefix - b.prefix)
    .filter(({ address, prefix, family }) => {
      if (list.check(address, family)) return false
      list.addSubnet(address, prefix, family)
      return true
    })
}

/** One match in front of a port match for each family that may connect; `['']` is everybody. */
function sources(from: readonly string[] | undefined): string[] {
  if (from === undefined) return ['']
  const networks = widest(from.map(network))
  const match = (word: string, family: Network['family']): string[] => {
    const members = networks.filter(one => one.family === family).map(one => `${one.address}/${one.prefix}`)
    return members.length > 0 ? [`${word} saddr { ${members.join(', ')} } `] : []
  }
  return [...match('ip', 'ipv4'), ...match('ip6', 'ipv6')]
}

function portMatch({ port, to }: OpenPort): string {
  wholeNumber('port', port, 1, 65_535)
  return to === undefined ? String(port) : `${port}-${wholeNumber('last port', to, port, 65_535)}`
}

const input = (open: OpenPort): string[] =>
  sources(open.from).map(source => `    ${source}${open.protocol ?? 'tcp'} dport ${portMatch(open)} accept`)

const forwarded = (open: OpenPort): string[] =>
  sources(open.from).map(
    source =>
      `    ct status dnat ${source}meta l4proto ${open.protocol ?? 'tcp'} ct original proto-dst ${portMatch(open)} accept`,
  )

/**
 * The chains of our own table. Input drops by default; established connections and SSH come first. The forward chain
 * drops ports that Docker publishes unless they are declared, since published ports never pass an input chain; traffic
 * that containers begin is left to Docker's own rules.
 */
export function nftablesRules({ sshPort, ports }: FirewallRules): string {
  wholeNumber('SSH port', sshPort, 1, 65_535)
  return [
    '  chain input {',
    '    type filter hook input priority filter; policy drop;',
    '    ct state established,related accept',
    '    iif lo accept',
    `    tcp dport ${sshPort} accept`,
    '    ct state invalid drop',
    '    meta l4proto { icmp, ipv6-icmp } accept',
    '    udp sport 67 udp dport 68 accept',
    '    ip6 saddr fe80::/10 udp dport 546 accept',
    ...ports.flatMap(input),
    '  }',
    '  chain forward {',
    '    type filter hook forward priority filter - 1; policy accept;',
    '    ct state established,related accept',
    '    iifname "docker*" accept',
    '    iifname "br-*" accept',
    ...ports.flatMap(forwarded),
    '    ct status dnat drop',
    '  }',
  ].join('\n')
}
