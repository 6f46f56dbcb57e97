import type { Service } from '../fleet/model.ts'

/** The path that answers 200 when a service behind a proxy can take traffic. */
export const healthPath = (service: Service): string =>
  service.kind === 'container' ? service.health : (service.proxy?.health ?? '/')
