import { ConnectError } from '../../../lib/errors.ts'
import type { FleetHost } from '../../../lib/fleet/resolved.ts'
import type { PairService } from '../../../lib/fleet/pair-model.ts'
import type { PairTarget } from '../../../lib/pair/pair-target.ts'
import type { Opened } from '../../../lib/swap/swap-target.ts'
import { fleetHost } from '../../support/fleet-host.ts'
import { fakeSwap } from '../swap/fake-swap.ts'

export const dock: PairService = {
  kind: 'processes',
  role: 'web',
  programs: { web: { command: 'serve' }, mail: { command: 'queue', live: true } },
  proxy: { role: 'edge', names: ['dock.test'], port: 8000, health: '/up' },
  pair: { blue: 'sd1a', green: 'sd1b', alias: 'dock-live' },
}

const pinned = (name: string, address: string): FleetHost =>
  fleetHost(name, 'web', address, { hostKeys: [`ssh-ed25519 AAAA${name}`] })

/** A pair whose hosts note what is asked of them; `broken` ones fail at it, `silent` ones did not answer when the run
 * began, and do again where they are `back`. */
export function fakePair({
  service = dock,
  silent = [],
  broken = [],
  back = [],
  keys = {},
}: {
  readonly service?: PairService
  readonly silent?: readonly string[]
  readonly broken?: readonly string[]
  readonly back?: readonly string[]
  /** What hosts print as their public keys. */
  readonly keys?: Readonly<Record<string, string>>
} = {}) {
  const edge = fleetHost('edge1', 'edge', '10.0.0.1')
  const pair = [pinned('sd1a', '10.0.0.2'), pinned('sd1b', '10.0.0.3')]
  const isSilent = ({ name }: FleetHost) => silent.includes(name)
  const said: string[] = []
  const { ctx, warnings, limits } = fakeSwap({})
  const told = (host: FleetHost, what: string) => {
    if (isSilent(host) && !back.includes(host.name))
      return Promise.reject(new ConnectError('timed out', { host: host.name }))
    if (broken.includes(host.name)) return Promise.reject(new Error(`${host.name} is broken`))
    said.push(`${host.name} ${what}`)
    const stdout = Buffer.from(what === 'makes a key' ? (keys[host.name] ?? '') : '')
    return Promise.resolve({ exitCode: 0, stdout, stderr: Buffer.alloc(0) })
  }
  const word = (text: string) => {
    if (text.includes('ssh-keygen')) return 'makes a key'
    if (text.includes('supervisorctl')) return 'rests'
    return text.includes('/run/fleetfile-live') ? 'works' : 'claims'
  }
  const target: PairTarget = {
    name: 'dock',
    service,
    hosts: pair.filter(host => !isSilent(host)),
    away: pair.filter(isSilent),
    proxies: [edge],
    fleet: 'docks',
    everyone: [edge, ...pair].filter(host => !isSilent(host)),
  }
  const swap: Opened<PairTarget> = {
    target,
    limits,
    proxies: [],
    names: slot => [service.pair[slot]],
    read: () => Promise.reject(new Error('not used')),
    ctx: {
      ...ctx,
      on: host => ({
        host,
        read: ({ text }) => told(host, word(text)),
        run: ({ text }) => told(host, word(text)),
        transport: () => Promise.reject(new Error('not used')),
        touch: () => Promise.reject(new Error('not used')),
      }),
      async apply(resources, hosts = []) {
        const wanted = typeof resources === 'function' ? [] : resources
        for (const host of hosts)
          await told(host, JSON.stringify(wanted.map(each => 'wanted' in each && each.wanted)))
        return { changed: new Map(), total: 0 }
      },
    },
  }
  return { swap, said, warnings }
}
