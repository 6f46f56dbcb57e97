import { allowed } from '../check.ts'
import type { Handler, Kind, Resource } from '../resource.ts'
import { ACT_SQL, isDown, observeSql, pgName, sqlRows } from './postgres.ts'

export interface PostgresDatabaseOptions {
  readonly name: string
  /** A role that is there, or comes before it in the list. */
  readonly owner: string
  /** For a new database; C.UTF-8 unless told. */
  readonly locale?: string
  readonly notify?: readonly Handler[]
}

export interface PostgresDatabaseWanted {
  readonly name: string
  readonly owner: string
  readonly locale: string
}

export interface PostgresDatabaseSeen {
  readonly down: boolean
  /** Undefined when there is no such database. */
  readonly owner: string | undefined
  readonly encoding: string
}

export const postgresDatabaseKind: Kind<PostgresDatabaseWanted, PostgresDatabaseSeen> = {
  name: 'PostgreSQL database',
  observe: wanted =>
    observeSql(`SELECT datname, pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database
WHERE datname IN (${wanted.map(({ name }) => `'${name}'`).join(', ')});`),
  parse(output, wanted) {
    const rows = sqlRows(output) ?? []
    return wanted.map(({ name }) => {
      const [, owner, encoding = ''] = rows.find(row => row[0] === name) ?? []
      return { down: isDown(output), owner, encoding }
    })
  },
  diff(wanted, { owner }) {
    if (owner === undefined) return { action: 'create', detail: `owned by ${wanted.owner}, UTF8` }
    return owner === wanted.owner
      ? undefined
      : { action: 'change', detail: `owner ${owner} -> ${wanted.owner}` }
  },
  act({ name, owner, locale }) {
    const make = `CREATE DATABASE "${name}" OWNER "${owner}" TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''${locale}'' LC_CTYPE ''${locale}''`
    const stdin = `SELECT '${make}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${name}') \\gexec
ALTER DATABASE "${name}" OWNER TO "${owner}";
`
    return [{ title: `set PostgreSQL database ${name}`, script: ACT_SQL, stdin }]
  },
  note(_, { down, owner, encoding }) {
    if (down) return 'PostgreSQL does not answer: taken as missing'
    return owner !== undefined && encoding !== 'UTF8'
      ? `its encoding is ${encoding}, which cannot be changed`
      : undefined
  },
}

/** A database of the host's own PostgreSQL, in UTF-8. */
export function postgresDatabase(
  options: PostgresDatabaseOptions,
): Resource<PostgresDatabaseWanted, PostgresDatabaseSeen> {
  const name = pgName(options.name)
  const locale = allowed('locale', options.locale ?? 'C.UTF-8', /^[A-Za-z0-9_.@-]+$/)
  const wanted = { name, owner: pgName(options.owner), locale }
  return {
    id: `PostgreSQL database ${name}`,
    kind: postgresDatabaseKind,
    wanted,
    notify: options.notify ?? [],
  }
}
