import { afterAll, beforeAll, describe } from 'vitest'
import type { ProxyKind } from '../../lib/fleet/front-door-model.ts'
import { admissionContract } from './proxies/admission.ts'
import { cacheContract } from './proxies/cache.ts'
import { lastingContract } from './proxies/lasting.ts'
import { ProxyLab } from './proxies/proxy-lab.ts'
import { slotContract } from './proxies/slots.ts'
import { Subject } from './proxies/subject.ts'

/** The proxies that hold the contract, each with its unit. One more is one more line. */
const KINDS: readonly (readonly [ProxyKind, string])[] = [
  ['haproxy', 'haproxy.service'],
  ['nginx', 'nginx.service'],
  ['trafficserver', 'trafficserver.service'],
]

const lab = new ProxyLab()

beforeAll(() => lab.start(), 120_000)
afterAll(() => lab.stop())

describe.each(KINDS)('%s, as a proxy of services with two slots', (kind, unit) => {
  const subject = new Subject(lab, kind, unit)

  beforeAll(async () => {
    await lab.converge(lab.resources(kind))
  }, 120_000)
  afterAll(async () => {
    await lab.lb.sh(`systemctl disable --now ${unit}`)
  })

  slotContract(subject)
  admissionContract(subject)
  lastingContract(subject)
  if (kind === 'trafficserver') cacheContract(subject)
})
