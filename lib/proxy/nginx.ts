import type { HostContext } from '../rollout/rollout-context.ts'
import { nginxAdmission } from './nginx-admission.ts'
import { setCommand } from './nginx-layout.ts'
import { lookCommand } from './nginx-look.ts'
import type { Proxy } from './proxy.ts'
import { tellAdmission, toldAdmission } from './told-admission.ts'
import { toldProxy } from './told-proxy.ts'

/** nginx on one host. What serves is what it says itself; a flip between whole slots needs no reload. */
export const nginx = (host: HostContext, service: string): Proxy =>
  toldProxy(host, service, {
    look: lookCommand(service),
    set: (changes, flip) => setCommand(service, changes, flip),
    admission: toldAdmission(nginxAdmission(service)),
    admit: change => tellAdmission(nginxAdmission(service), change),
  })
