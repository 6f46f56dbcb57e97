import type { Fleet, ProcessService } from './model.ts'

type Report = (path: string, problem: string) => void

/** A name in /etc/hosts: letters, digits, dots and dashes. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

/** Whether pairs are two hosts of their role behind a proxy, and nothing is `live` that has no pair. */
export function checkPairs(fleet: Fleet, report: Report): void {
  const aliases = new Map<string, string>()
  for (const [name, service] of Object.entries(fleet.services)) {
    if (service.kind !== 'processes') continue
    const path = `services.${name}`
    checkLive(service, path, report)
    if (service.pair === undefined) {
      if (service.probe !== undefined)
        report(`${path}.probe`, 'is only for a pair: other hosts leave their proxies one by one')
      continue
    }
    checkHosts(fleet, service, path, report)
    if (service.proxy === undefined)
      report(`${path}.pair`, 'needs a proxy: what sends users to one of its hosts')
    if (service.rollout !== undefined)
      report(`${path}.rollout`, 'a pair has no order: traffic goes from one host to the other')
    const { alias } = service.pair
    if (alias === undefined) continue
    const other = aliases.get(alias)
    if (other !== undefined)
      report(`${path}.pair.alias`, `${alias} is already the alias of service "${other}"`)
    else if (Object.hasOwn(fleet.hosts, alias)) report(`${path}.pair.alias`, `${alias} is the name of a host`)
    else if (!NAME.test(alias)) report(`${path}.pair.alias`, 'is no name for a host')
    aliases.set(alias, name)
  }
}

function checkHosts(
  fleet: Fleet,
  { role, pair }: Pick<ProcessService, 'role' | 'pair'>,
  path: string,
  report: Report,
): void {
  if (pair === undefined) return
  const { blue, green } = pair
  if (blue === green) report(`${path}.pair.green`, `is the same host as blue: ${green}`)
  for (const [slot, host] of [
    ['blue', blue],
    ['green', green],
  ] as const) {
    const found = Object.hasOwn(fleet.hosts, host) ? fleet.hosts[host] : undefined
    if (found !== undefined && found.role !== role)
      report(`${path}.pair.${slot}`, `${host} has role "${found.role}", the service "${role}"`)
  }
  if (![blue, green].every(host => Object.hasOwn(fleet.hosts, host))) return
  const others = Object.entries(fleet.hosts).flatMap(([host, each]) =>
    each.role === role && host !== blue && host !== green ? [host] : [],
  )
  if (others.length > 0)
    report(`${path}.pair`, `role "${role}" has hosts that are not of the pair: ${others.join(', ')}`)
}

function checkLive({ pair, programs = {}, cron = {} }: ProcessService, path: string, report: Report): void {
  const all = [
    ...Object.entries(programs).map(([name, spec]) => [`${path}.programs.${name}`, spec] as const),
    ...Object.entries(cron).map(([name, spec]) => [`${path}.cron.${name}`, spec] as const),
  ]
  for (const [where, { live, once }] of all) {
    if (live !== true) continue
    if (pair === undefined) report(`${where}.live`, 'needs a pair: which of the hosts serves')
    if (once === true)
      report(`${where}.live`, 'and once exclude each other: both choose the host that it runs on')
  }
}
