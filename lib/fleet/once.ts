import type { Env, Fleet, ProcessService } from './model.ts'

/** What the guard of `once` needs to reach the service's PostgreSQL. One of the last two. */
const NEEDED = ['PGHOST', 'PGUSER', 'PGDATABASE'] as const
const PASSWORDS = ['PGPASSWORD', 'PGPASSFILE'] as const

/** Programs and jobs that run on one host at a time. */
export const hasOnce = ({ programs = {}, cron = {} }: ProcessService): boolean =>
  [...Object.values(programs), ...Object.values(cron)].some(({ once }) => once === true)

function missing(env: Env): readonly string[] {
  const names: string[] = NEEDED.filter(name => !(name in env))
  return PASSWORDS.some(name => name in env) ? names : [...names, PASSWORDS.join(' or ')]
}

/** Whether everything that is to run once can be guarded. */
export function checkOnce(fleet: Fleet, report: (path: string, problem: string) => void): void {
  for (const [name, service] of Object.entries(fleet.services)) {
    if (service.kind !== 'processes') continue
    const path = `services.${name}`
    const lacking = missing(service.env ?? {})
    const need = (what: string) => {
      if (lacking.length === 0) return
      report(`${what}.once`, `is guarded by PostgreSQL: ${path}.env lacks ${lacking.join(', ')}`)
    }
    for (const [program, { once, count = 1 }] of Object.entries(service.programs ?? {})) {
      if (once !== true) continue
      need(`${path}.programs.${program}`)
      if (count > 1) report(`${path}.programs.${program}.count`, 'must be 1: it runs once')
    }
    for (const [job, { once }] of Object.entries(service.cron ?? {})) {
      if (once === true) need(`${path}.cron.${job}`)
    }
  }
}
