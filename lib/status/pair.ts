import type { Fleet } from '../fleet/model.ts'
import { hasLive, slotOfHost } from '../fleet/pair-model.ts'
import { pairsOf } from '../pair/pair-target.ts'
import { worksTest } from '../pair/live-work.ts'
import type { LiveSlot } from '../proxy/live-slots.ts'
import { quote } from '../shell/quote.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { sanitise } from '../text/sanitise.ts'
import type { HostStatus } from './host-status.ts'

/** What the probe of a host says of live work, a line for each service: `live<TAB>web`. */
export const liveProbes = (fleet: Fleet): readonly Command[] =>
  pairsOf(fleet)
    .filter(([, service]) => hasLive(service))
    .map(([name]) => sh`if ${rawShell(worksTest(name))}; then printf 'live\\t%s\\n' ${name}; fi`)

/** A host's answer with the slot that the host itself is, for services on pairs. */
export function withPairs(fleet: Fleet, host: string, status: HostStatus): HostStatus {
  const pairs = new Map(pairsOf(fleet))
  const releases = status.releases.map(each => {
    const service = pairs.get(each.service)
    const slot = service === undefined ? undefined : slotOfHost(service, host)
    return slot === undefined ? each : { ...each, slot, state: 'running', isWhole: true }
  })
  return { ...status, releases }
}

/** Where the live work of each pair runs, in one line, and what to do when that is not where the traffic goes. */
export function describeLive(
  fleet: Fleet,
  answers: ReadonlyMap<string, HostStatus>,
  live: ReadonlyMap<string, LiveSlot>,
): readonly string[] {
  return pairsOf(fleet).flatMap(([name, service]) => {
    const slot = live.get(name)?.slot
    if (!hasLive(service) || slot === undefined || slot === 'mixed') return []
    const serves = service.pair[slot]
    const hosts = [...answers].filter(([, { liveWork }]) => liveWork.includes(name)).map(([host]) => host)
    if (!answers.has(serves) && hosts.length === 0) return []
    const where = hosts.length === 0 ? 'nowhere' : `on ${hosts.join(', ')}`
    if (hosts.length === 1 && hosts[0] === serves) return [`${name}: what is live runs ${where}`]
    const label = answers.get(serves)?.releases.find(each => each.service === name)?.label
    const command = `fleet deploy ${name}${label === undefined ? '' : ` --release ${quote(label)}`}`
    return [sanitise(`${name}: what is live runs ${where}, traffic goes to ${serves}; ${command}`)]
  })
}
