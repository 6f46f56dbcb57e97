import { unknown } from '../suggest.ts'
import type { EnvValue, Fleet, Service } from './model.ts'

type Report = (path: string, problem: string) => void

/** The names that may be referred to. */
export type Known = Readonly<Record<'role' | 'host' | 'secret', readonly string[]>>

const namesIn = (fleet: Pick<Fleet, 'roles' | 'hosts' | 'secrets'>): Known => ({
  role: Object.keys(fleet.roles),
  host: Object.keys(fleet.hosts),
  secret: fleet.secrets,
})

/** Everything in a fleet that names something else, and whether that exists. Problems in the order of the file. */
export function checkReferences(fleet: Fleet, report: Report, known: Known = namesIn(fleet)): void {
  const need = (kind: keyof typeof known, name: string, path: string) => {
    if (!known[kind].includes(name)) report(path, unknown(kind, name, known[kind]))
  }
  for (const [role, { ports = [] }] of Object.entries(fleet.roles)) {
    for (const [index, { from }] of ports.entries()) {
      if (typeof from === 'string') continue
      for (const source of from) need('role', source, `roles.${role}.ports.${index}.from`)
    }
  }
  for (const [host, { role }] of Object.entries(fleet.hosts)) need('role', role, `hosts.${host}.role`)
  for (const [name, service] of Object.entries(fleet.services)) {
    const path = `services.${name}`
    need('role', service.role, `${path}.role`)
    for (const [variable, value] of Object.entries(service.env ?? {})) {
      checkEnvValue(value, `${path}.env.${variable}`, need)
    }
    if (service.proxy !== undefined) {
      const { role, certificate } = service.proxy
      need('role', role, `${path}.proxy.role`)
      if (certificate !== undefined) need('secret', certificate, `${path}.proxy.certificate`)
    }
    if (service.kind === 'container') {
      const { migrate } = service
      const backup = migrate !== undefined && 'backup' in migrate ? migrate.backup : undefined
      if (backup !== undefined) need('host', backup.on, `${path}.migrate.backup.on`)
    } else {
      if (service.pair !== undefined) {
        need('host', service.pair.blue, `${path}.pair.blue`)
        need('host', service.pair.green, `${path}.pair.green`)
      }
      checkStores(service, path, need, report)
    }
  }
  if (fleet.users !== undefined) {
    need('host', fleet.users.host, 'users.host')
    need('secret', fleet.users.password, 'users.password')
  }
  if (fleet.logs !== undefined) need('role', fleet.logs.role, 'logs.role')
}

type Need = (kind: 'role' | 'host' | 'secret', name: string, path: string) => void

function checkEnvValue(value: EnvValue, path: string, need: Need): void {
  if (typeof value !== 'object') return
  if ('addressOf' in value) need('host', value.addressOf, path)
  else need('secret', value.secret, path)
}

function checkStores(
  service: Extract<Service, { kind: 'processes' }>,
  path: string,
  need: Need,
  report: Report,
) {
  const { postgres, rabbitmq } = service
  if (postgres !== undefined) {
    const owners = Object.keys(postgres.roles)
    for (const [role, { password }] of Object.entries(postgres.roles)) {
      need('secret', password, `${path}.postgres.roles.${role}.password`)
    }
    for (const [database, { owner }] of Object.entries(postgres.databases)) {
      if (!owners.includes(owner)) {
        report(`${path}.postgres.databases.${database}.owner`, unknown('PostgreSQL role', owner, owners))
      }
    }
  }
  for (const [user, { password, vhost }] of Object.entries(rabbitmq?.users ?? {})) {
    need('secret', password, `${path}.rabbitmq.users.${user}.password`)
    if (!rabbitmq?.vhosts.includes(vhost)) {
      report(`${path}.rabbitmq.users.${user}.vhost`, unknown('vhost', vhost, rabbitmq?.vhosts ?? []))
    }
  }
}
