import type { Fleet } from './model.ts'
import { SWARM_PORTS } from './ports.ts'

/** Things that are each right alone and wrong together: one address for two hosts, one port for two slots. */
export function checkConflicts(fleet: Fleet, report: (path: string, problem: string) => void): void {
  const addresses = new Map<string, string>()
  for (const [name, { address, port = 22, hostKeys = [] }] of Object.entries(fleet.hosts)) {
    for (const [index, key] of hostKeys.entries()) {
      const problem = problemOfHostKey(key)
      if (problem !== undefined) report(`hosts.${name}.hostKeys.${index}`, problem)
    }
    if (address === undefined) continue
    const place = `${address}:${port}`
    const other = addresses.get(place)
    if (other === undefined) addresses.set(place, name)
    else report(`hosts.${name}.address`, `${place} is already the address of host "${other}"`)
  }
  checkSlots(fleet, report)
  checkSwarm(fleet, report)
  checkProxies(fleet, report)
}

/** The hosts of a role run one proxy: its services name the same kind, and no name twice. */
function checkProxies(fleet: Fleet, report: (path: string, problem: string) => void): void {
  const kinds = new Map<string, readonly [kind: string, service: string]>()
  const names = new Map<string, string>()
  for (const [service, { proxy }] of Object.entries(fleet.services)) {
    if (proxy === undefined) continue
    const { role, kind = 'haproxy' } = proxy
    const [first, other] = kinds.get(role) ?? [kind, service]
    kinds.set(role, [first, other])
    if (first !== kind) {
      report(
        `services.${service}.proxy.kind`,
        `${kind} cannot stand on the hosts of role "${role}", where service "${other}" has ${first}`,
      )
    }
    if (proxy.cache !== undefined && kind !== 'trafficserver') {
      report(
        `services.${service}.proxy.cache`,
        `${kind} keeps no answers: that is only for kind 'trafficserver'`,
      )
    }
    for (const name of proxy.names) {
      const key = `${role}:${name.toLowerCase()}`
      const taken = names.get(key)
      if (taken === undefined) names.set(key, service)
      else if (taken !== service)
        report(`services.${service}.proxy.names`, `${name} is already a name of service "${taken}"`)
    }
  }
}

function checkSlots(fleet: Fleet, report: (path: string, problem: string) => void): void {
  const ports = new Map<string, string>()
  for (const [name, service] of Object.entries(fleet.services)) {
    if (service.kind !== 'container') continue
    for (const slot of ['blue', 'green'] as const) {
      const path = `services.${name}.slots.${slot}`
      const key = `${service.role}:${service.slots[slot]}`
      const other = ports.get(key)
      if (other === undefined) ports.set(key, path)
      else report(path, `port ${service.slots[slot]} is already taken by ${other}`)
    }
  }
}

function checkSwarm(fleet: Fleet, report: (path: string, problem: string) => void): void {
  for (const [name, service] of Object.entries(fleet.services)) {
    if (service.kind !== 'container') continue
    const { placement, replicas, engine, slots, keep = {} } = service
    const path = `services.${name}`
    if (placement !== 'swarm') {
      if (replicas !== undefined) report(`${path}.replicas`, "is only for placement: 'swarm'")
      continue
    }
    if (engine === 'podman') report(`${path}.engine`, 'a swarm is run by docker alone')
    if (keep.warmSeconds !== undefined) {
      report(`${path}.keep.warmSeconds`, "a swarm's old slot stays until a release takes its place")
    }
    const hosts = Object.values(fleet.hosts).filter(({ role }) => role === service.role).length
    if (replicas !== undefined && replicas > hosts) {
      report(
        `${path}.replicas`,
        `${replicas} containers need as many hosts of role "${service.role}": there are ${hosts}`,
      )
    }
    for (const slot of ['blue', 'green'] as const) {
      const isOwn = SWARM_PORTS.some(({ port, protocol }) => protocol === 'tcp' && port === slots[slot])
      if (isOwn) report(`${path}.slots.${slot}`, `port ${slots[slot]} is one of the swarm's own`)
    }
  }
}

const KEY_TYPES =
  /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/

/** What is wrong with a public key line, if anything: its type must be one of OpenSSH's and match its own bytes. */
export function problemOfHostKey(line: string): string | undefined {
  const [type = '', data = ''] = line.trim().split(/\s+/)
  if (!KEY_TYPES.test(type)) return `is no public host key: it must begin with a type like "ssh-ed25519"`
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(data) ? Buffer.from(data, 'base64') : Buffer.alloc(0)
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0
  const inner = bytes.subarray(4, 4 + length).toString('latin1')
  if (inner !== type || bytes.length <= 4 + length)
    return `is no public host key: its data is not that of ${type}`
  return undefined
}
