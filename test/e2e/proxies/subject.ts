import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { ProxyKind } from '../../../lib/fleet/front-door-model.ts'
import { readProxies } from '../../../lib/proxy/proxies.ts'
import type { Admin, AdminChange, ProxyServer } from '../../../lib/proxy/proxy.ts'
import type { Slot } from '../../../lib/swap/slot.ts'
import { Users } from './users.ts'
import type { ProxyLab, ServiceName } from './proxy-lab.ts'

const HOSTS = ['web1', 'web2']

/** The slots of some hosts, told one thing. */
export const all = (slot: Slot, admin: Admin, hosts = HOSTS): AdminChange[] =>
  hosts.map(host => ({ server: `${host}-${slot}`, admin }))

/** What becomes ready stands last here: the proxy has to see to the order itself. */
export const flipTo = (slot: Slot): AdminChange[] => [
  ...all(slot === 'blue' ? 'green' : 'blue', 'drain'),
  ...all(slot, 'ready'),
]

export const of = (seen: readonly ProxyServer[], slot: Slot): ProxyServer[] =>
  seen.filter(server => server.slot === slot)

export const sum = (seen: readonly ProxyServer[], key: 'sessions' | 'requests' | 'errors'): number =>
  seen.reduce((total, server) => total + server[key], 0)

/** A proxy of one kind on the lab's machine, and the users of what is behind it. */
export class Subject {
  readonly lab: ProxyLab
  readonly kind: ProxyKind
  readonly unit: string

  constructor(lab: ProxyLab, kind: ProxyKind, unit: string) {
    this.lab = lab
    this.kind = kind
    this.unit = unit
  }

  users(service: ServiceName = 'web'): Users {
    const { lab } = this
    return new Users(
      service === 'web' ? 'app.swap.test' : 'api.swap.test',
      () => lab.lb.address,
      () => lab.certificate.ca,
    )
  }

  get proxy() {
    return this.lab.proxy(this.kind)
  }

  async live(service: ServiceName = 'web') {
    return (await readProxies([this.lab.proxy(this.kind, service)], HOSTS)).live
  }

  async admins(): Promise<readonly string[]> {
    return (await this.proxy.read()).map(({ name, admin }) => `${name} ${admin}`).toSorted()
  }

  async systemctl(verb: string): Promise<void> {
    const { exitCode, stderr } = await this.lab.lb.sh(`systemctl ${verb} ${this.unit}`)
    expect([exitCode, stderr.toString()]).toEqual([0, ''])
  }

  /** What it has counted when nothing is under way: some count requests a moment after these were answered. */
  async still(): Promise<readonly ProxyServer[]> {
    const counts = (seen: readonly ProxyServer[]) =>
      seen.map(({ requests, errors }) => `${requests} ${errors}`)
    let before = await this.proxy.read()
    for (;;) {
      await sleep(500)
      const seen = await this.proxy.read()
      if (counts(seen).join() === counts(before).join()) return seen
      before = seen
    }
  }

  /** Reads until something holds; the last look where it never does. A proxy that starts may not answer yet. */
  async until(holds: (seen: readonly ProxyServer[]) => boolean, seconds = 15) {
    const started = performance.now()
    const isOver = () => performance.now() - started > seconds * 1000
    for (;;) {
      const seen = await this.proxy.read().catch((error: unknown) => {
        if (isOver()) throw error
      })
      if (seen !== undefined && (holds(seen) || isOver())) return seen
      await sleep(200)
    }
  }
}
