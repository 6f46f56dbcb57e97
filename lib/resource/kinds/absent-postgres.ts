import type { Kind, Resource } from '../resource.ts'
import { ACT_SQL, isDown, observeSql, pgName, sqlRows } from './postgres.ts'

export interface AbsentPostgresDatabaseOptions {
  readonly name: string
  /** Also when it holds tables: then their data is gone. Without it such a database fails the step. */
  readonly withData?: boolean
}

export interface AbsentPostgresWanted {
  readonly what: 'database' | 'role'
  readonly name: string
  readonly withData: boolean
}

export interface AbsentPostgresSeen {
  readonly down: boolean
  readonly there: boolean
  /** Of a database. */
  readonly size: string
}

const sql = (wanted: readonly AbsentPostgresWanted[]): string => {
  const names = (what: string) =>
    ['NULL', ...wanted.filter(item => item.what === what).map(({ name }) => `'${name}'`)].join(', ')
  return `SELECT 'database', datname, pg_size_pretty(pg_database_size(datname)) FROM pg_database WHERE datname IN (${names('database')});
SELECT 'role', rolname, '' FROM pg_roles WHERE rolname IN (${names('role')});`
}

/** The tables are counted in the database itself, in the step that drops it. */
const dropDatabase = ({ name, withData }: AbsentPostgresWanted): string =>
  `${
    withData
      ? ''
      : `found=$(${ACT_SQL.replace('-d postgres', `-d ${name}`)} -c "SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'p', 'm', 'f') AND nspname !~ '^(pg_|information_schema)'")
[ "$found" = 0 ] || { echo "database ${name} holds $found tables: dump it, then say withData" >&2; exit 1; }
`
  }${ACT_SQL} -c 'DROP DATABASE IF EXISTS "${name}"'`

export const absentPostgresKind: Kind<AbsentPostgresWanted, AbsentPostgresSeen> = {
  name: 'absent PostgreSQL',
  observe: wanted => observeSql(sql(wanted)),
  parse(output, wanted) {
    const rows = sqlRows(output) ?? []
    return wanted.map(({ what, name }) => {
      const row = rows.find(([kind, found]) => kind === what && found === name)
      return { down: isDown(output), there: row !== undefined, size: row?.[2] ?? '' }
    })
  },
  diff({ what, withData }, { there, size }) {
    if (!there) return undefined
    if (what === 'role') return { action: 'remove', detail: 'role' }
    return {
      action: 'remove',
      detail: withData ? `${size} of data are lost` : `${size}, if it holds no table`,
    }
  },
  act(wanted) {
    const { what, name } = wanted
    const script =
      what === 'database' ? dropDatabase(wanted) : `${ACT_SQL} -c 'DROP ROLE IF EXISTS "${name}"'`
    return [{ title: `drop PostgreSQL ${what} ${name}`, script }]
  },
  note: (_, { down }) => (down ? 'PostgreSQL does not answer: left as it is' : undefined),
}

const resource = (wanted: AbsentPostgresWanted) => ({
  id: `PostgreSQL ${wanted.what} ${wanted.name}`,
  kind: absentPostgresKind,
  wanted,
  notify: [],
})

/** No such database. One that is connected to, or that holds tables where `withData` is not said, fails the step. */
export function absentPostgresDatabase(
  options: AbsentPostgresDatabaseOptions,
): Resource<AbsentPostgresWanted, AbsentPostgresSeen> {
  return resource({ what: 'database', name: pgName(options.name), withData: options.withData ?? false })
}

/** No such role. PostgreSQL refuses while it owns anything. */
export function absentPostgresRole(name: string): Resource<AbsentPostgresWanted, AbsentPostgresSeen> {
  return resource({ what: 'role', name: pgName(name), withData: false })
}
