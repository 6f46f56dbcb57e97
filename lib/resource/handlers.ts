import { allowed } from './check.ts'
import type { Handler } from './resource.ts'

const UNIT = /^[A-Za-z0-9:_.@-]+$/

/** A unit's whole name: `nginx` is `nginx.service`. */
export function unitName(name: string): string {
  allowed('unit name', name, UNIT)
  if (name.startsWith('-')) allowed('unit name', name, /^[^-]/)
  return /\.(service|socket|timer|target|mount|path|slice|scope|swap|device|automount)$/.test(name)
    ? name
    : `${name}.service`
}

const systemctl = (verb: string, name: string): Handler => {
  const unit = unitName(name)
  const status = `{ systemctl status --no-pager --full -n 20 ${unit}; exit 1; }`
  return { id: `${verb} ${unit.replace(/\.service$/, '')}`, script: `systemctl ${verb} ${unit} || ${status}` }
}

/** Restarts a unit at the end of the run; when it does not come up, the failure holds its last log lines. */
export const restart = (unit: string): Handler => systemctl('restart', unit)

/** Lets a unit read its configuration again, or restarts it where it cannot; starts nothing that is stopped. */
export const reload = (unit: string): Handler => systemctl('try-reload-or-restart', unit)

/** Lets systemd read changed unit files. */
export const daemonReload: Handler = { id: 'systemd daemon-reload', script: 'systemctl daemon-reload' }
