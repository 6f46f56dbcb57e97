import { z } from 'zod'
import { hasOnce } from '../fleet/once.ts'
import type { Fleet } from '../fleet/model.ts'
import { RUN_SERVICE, serviceUser } from '../rollout/processes.ts'
import { sh, type Command } from '../shell/sh.ts'

/** Seconds without a sign of life after which another host may start it: `DELAY` of the guard. */
const SILENCE = 15

const rowSchema = z.object({
  /** `<fleet>/<service>/<program>` */
  key: z.string(),
  host: z.string(),
  fence: z.number(),
  /** Its holder said itself that it has ended. */
  clean: z.boolean(),
  /** When it took it, ISO 8601; rows of older guards do not say. */
  since: z.string().nullish(),
  /** Seconds since it was taken, and since the last sign of life, both by the database's clock. */
  held: z.number().nullish(),
  silent: z.number(),
})

type Row = z.output<typeof rowSchema>

/** What one host could learn of a service's programs that run once: the rows, or why there are none. */
export interface OnceAnswer {
  readonly service: string
  readonly rows: readonly Row[] | string
}

/** What psql is told: nothing where no guard has ever made the table. A row as JSON, whatever columns it has. */
const QUERY = `SELECT to_regclass('fleetfile_once') IS NOT NULL AS there \\gset
\\if :there
SELECT to_jsonb(o) || jsonb_build_object('silent', extract(epoch FROM clock_timestamp() - seen)::int,
'held', extract(epoch FROM clock_timestamp() - (to_jsonb(o)->>'since')::timestamptz)::int)
FROM fleetfile_once o WHERE left(key, length(:'prefix')) = :'prefix' ORDER BY key;
\\endif
`

/**
 * Commands for the status probe: each asks the database of a service that has something to run once, as the service
 * itself would, on hosts that have it. Prints `once<TAB>service row` for each row, after `once<TAB>service asked`; or
 * `once<TAB>service failed` and why.
 */
export const onceProbes = ({ name, services }: Fleet): readonly Command[] =>
  Object.entries(services).flatMap(([service, spec]) =>
    spec.kind !== 'processes' || !hasOnce(spec)
      ? []
      : [
          sh`if [ -L ${`/srv/${service}/current`} ]; then
  if said=$(printf %s ${QUERY} | PGCONNECT_TIMEOUT=3 PGOPTIONS='-c statement_timeout=3s' timeout 10 runuser -u ${serviceUser(service)} -- \
    ${RUN_SERVICE} ${service} psql -XqAtw -v ON_ERROR_STOP=1 -v ${`prefix=${name}/${service}/`} 2>&1); then
    printf 'once\t%s asked\n' ${service}
    [ -z "$said" ] || printf '%s\n' "$said" | sed ${`s/^/once\t${service} /`}
  else
    printf 'once\t%s failed %s\n' ${service} "$(printf '%s\n' "$said" | tr '\n' ' ')"
  fi
fi`,
        ],
  )

function parseRow(text: string): Row[] {
  try {
    return [rowSchema.parse(JSON.parse(text))]
  } catch {
    return []
  }
}

/** Reads the values of the probe's `once` lines. */
export function parseOnce(values: readonly string[]): readonly OnceAnswer[] {
  const answers = new Map<string, OnceAnswer>()
  for (const value of values) {
    const [service = '', word = ''] = value.split(' ', 2)
    const rest = value.slice(service.length + 1)
    const before = answers.get(service)?.rows ?? []
    if (word === 'failed')
      answers.set(service, { service, rows: rest.slice(word.length).trim() || 'no reason' })
    else if (typeof before !== 'string')
      answers.set(service, { service, rows: [...before, ...parseRow(rest)] })
  }
  return [...answers.values()]
}

/** How a program that runs once stands. `silent`: its holder was lost, and nobody has taken it yet. */
export type OnceState = { readonly service: string; readonly program: string } & (
  | (Pick<Row, 'host' | 'fence' | 'since' | 'held' | 'silent'> & {
      readonly state: 'held' | 'ended' | 'silent'
    })
  | { readonly state: 'never' }
  | { readonly state: 'unknown'; readonly reason: string }
)

const stateOf = ({ clean, silent }: Row): 'held' | 'ended' | 'silent' =>
  clean ? 'ended' : silent > SILENCE ? 'silent' : 'held'

/** Each program that the fleet file lets run once, by what hosts have read; the first that could read it counts. */
export function onceStates(
  { name, services }: Pick<Fleet, 'name' | 'services'>,
  answers: readonly (OnceAnswer & { readonly host: string })[],
): readonly OnceState[] {
  return Object.entries(services).flatMap(([service, spec]) => {
    const programs = spec.kind === 'processes' ? Object.entries(spec.programs ?? {}) : []
    const mine = answers.filter(answer => answer.service === service)
    const rows = mine.map(answer => answer.rows).find(found => typeof found !== 'string')
    return programs.flatMap(([program, { once }]): OnceState[] => {
      if (once !== true) return []
      if (rows === undefined || typeof rows === 'string') {
        const said = mine.map(({ host, rows: why }) => `${host}: ${typeof why === 'string' ? why : ''}`)
        return [
          { service, program, state: 'unknown', reason: said.join('; ') || `no host of ${service} answered` },
        ]
      }
      const row = rows.find(({ key }) => key === `${name}/${service}/${program}`)
      if (row === undefined) return [{ service, program, state: 'never' }]
      const { host, fence, since, held, silent } = row
      return [{ service, program, state: stateOf(row), host, fence, since, held, silent }]
    })
  })
}
