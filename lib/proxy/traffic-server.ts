import type { HostContext } from '../rollout/rollout-context.ts'
import { trafficServerAdmission } from './traffic-server-admission.ts'
import { setCommand } from './traffic-server-state.ts'
import { lookCommand } from './traffic-server-look.ts'
import type { Proxy } from './proxy.ts'
import { tellAdmission, toldAdmission } from './told-admission.ts'
import { toldProxy } from './told-proxy.ts'

/** Traffic Server on one host. What serves is what it says itself; a flip needs no reload. */
export const trafficServer = (host: HostContext, service: string): Proxy =>
  toldProxy(host, service, {
    look: lookCommand(service),
    set: (changes, flip) => setCommand(service, changes, flip),
    admission: toldAdmission(trafficServerAdmission(service)),
    admit: change => tellAdmission(trafficServerAdmission(service), change),
  })
