import { UsageError } from '../lib/errors.ts'
import type { Fleet } from '../lib/fleet/model.ts'
import { unknown } from '../lib/suggest.ts'
import type { Task } from '../lib/task/define.ts'
import type { NameOf } from '../lib/task/names.ts'
import { describeParams } from '../lib/task/params.ts'
import { labelOf } from '../lib/task/parse.ts'

const HINTS: Readonly<Record<NameOf, string>> = {
  host: 'hosts',
  role: 'roles',
  service: 'services',
  'service or all': 'services',
}

/** The names of one kind in a fleet. */
export function namesOf(kind: NameOf, fleet: Fleet): readonly string[] {
  if (kind === 'service or all') return [...Object.keys(fleet.services), 'all']
  return Object.keys({ host: fleet.hosts, role: fleet.roles, service: fleet.services }[kind])
}

/** Throws a UsageError for a parameter that names a host, role or service that the fleet does not have. */
export function checkNames(task: Task, values: Readonly<Record<string, unknown>>, fleet: Fleet): void {
  for (const param of describeParams(task)) {
    if (param.names === undefined) continue
    const known = namesOf(param.names, fleet)
    for (const value of [values[param.key]].flat()) {
      if (typeof value !== 'string' || known.includes(value)) continue
      throw new UsageError(
        `${param.isArgument ? '' : `${labelOf(param)}: `}${unknown(param.names.replace(' or all', ''), value, known)}`,
        {
          hint: `${HINTS[param.names]} of ${fleet.name}: ${known.join(', ')}`,
        },
      )
    }
  }
}
