import type { HostContext } from '../rollout/rollout-context.ts'
import { admissionCommand, admitCommand } from './nginx-admission.ts'
import { setCommand } from './nginx-layout.ts'
import { lookCommand } from './nginx-look.ts'
import type { Proxy } from './proxy.ts'
import { toldProxy } from './told-proxy.ts'

/** nginx on one host. What serves is what it says itself; a flip between whole slots needs no reload. */
export const nginx = (host: HostContext, service: string): Proxy =>
  toldProxy(host, service, {
    look: lookCommand(service),
    set: (changes, flip) => setCommand(service, changes, flip),
    admission: admissionCommand(service),
    admit: change => admitCommand(service, change),
  })
