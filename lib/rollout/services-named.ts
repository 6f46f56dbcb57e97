import { UsageError } from '../errors.ts'
import type { ContainerService, Fleet, Service } from '../fleet/model.ts'
import { hasSlots } from '../fleet/pair-model.ts'
import type { SlottedService } from '../swap/target-of.ts'
import { unknown } from '../suggest.ts'

/** The services that `name` means, in the order in which they are deployed: one, or `all`. */
export function servicesNamed(fleet: Fleet, name: string): readonly (readonly [string, Service])[] {
  const services = Object.entries(fleet.services)
  const chosen = name === 'all' ? services : services.filter(([service]) => service === name)
  if (chosen.length === 0) {
    const names = [...services.map(([service]) => service), 'all']
    throw new UsageError(unknown('service', name, names), { hint: `services: ${names.join(', ')}` })
  }
  return chosen
}

/** The service with slots called `name`: containers, or a pair of hosts. Throws UsageError for any other. */
export function slottedNamed(fleet: Fleet, name: string): SlottedService {
  const service = fleet.services[name]
  if (service !== undefined && isSlotted(service)) return service
  const names = Object.entries(fleet.services).flatMap(([other, each]) => (hasSlots(each) ? [other] : []))
  throw new UsageError(
    service === undefined ? unknown('service', name, names) : `${name} has no slots: it runs as processes`,
    { hint: `services with slots: ${names.join(', ') || 'none'}` },
  )
}

/** The container service called `name`. Throws UsageError for any other. */
export function containerNamed(fleet: Fleet, name: string): ContainerService {
  const service = slottedNamed(fleet, name)
  if (service.kind === 'container') return service
  throw new UsageError(
    `${name} runs on a pair: the host that lost its traffic stays as it is, for a rollback`,
    {
      hint: `fleet releases ${name}`,
    },
  )
}

const isSlotted = (service: Service): service is SlottedService => hasSlots(service)
