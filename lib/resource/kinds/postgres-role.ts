import type { Secret } from '../../shell/secret.ts'
import { Secret as SecretValue, secretText } from '../../shell/secret.ts'
import type { Change, Handler, Kind, Resource, Step } from '../resource.ts'
import { ACT_SQL, UNLOGGED, isDown, observeSql, pgName, sqlRows } from './postgres.ts'
import { scramMatches, scramVerifier } from './scram.ts'

export interface PostgresRoleOptions {
  readonly name: string
  /** Left alone when not told. */
  readonly password?: Secret
  /** true unless told. */
  readonly login?: boolean
  readonly superuser?: boolean
  readonly createdb?: boolean
  readonly createrole?: boolean
  readonly notify?: readonly Handler[]
}

export interface PostgresRoleWanted {
  readonly name: string
  readonly password: Secret | undefined
  /** Attributes as ALTER ROLE takes them: `LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE`. */
  readonly attributes: string
}

export interface PostgresRoleSeen {
  /** PostgreSQL is there and does not answer. */
  readonly down: boolean
  /** Undefined when there is no such role. */
  readonly attributes: string | undefined
  readonly verifier: string
}

const attributes = (login: boolean, superuser: boolean, createdb: boolean, createrole: boolean): string =>
  [
    login ? 'LOGIN' : 'NOLOGIN',
    superuser ? 'SUPERUSER' : 'NOSUPERUSER',
    createdb ? 'CREATEDB' : 'NOCREATEDB',
    createrole ? 'CREATEROLE' : 'NOCREATEROLE',
  ].join(' ')

function parse(output: string, wanted: readonly PostgresRoleWanted[]): PostgresRoleSeen[] {
  const rows = sqlRows(output) ?? []
  return wanted.map(({ name }) => {
    const [, login, superuser, createdb, createrole, verifier = ''] = rows.find(row => row[0] === name) ?? []
    const known =
      login === undefined
        ? undefined
        : attributes(login === 't', superuser === 't', createdb === 't', createrole === 't')
    return { down: isDown(output), attributes: known, verifier }
  })
}

const passwordDiffers = ({ password }: PostgresRoleWanted, { verifier }: PostgresRoleSeen): boolean =>
  password !== undefined && !scramMatches(verifier, password.reveal())

function diff(wanted: PostgresRoleWanted, seen: PostgresRoleSeen): Change | undefined {
  if (seen.attributes === undefined) return { action: 'create', detail: wanted.attributes.toLowerCase() }
  const had = seen.attributes.split(' ')
  const parts = [
    ...wanted.attributes
      .split(' ')
      .filter(word => !had.includes(word))
      .map(word => word.toLowerCase()),
    ...(passwordDiffers(wanted, seen) ? ['another password'] : []),
  ]
  return parts.length > 0 ? { action: 'change', detail: parts.join(', ') } : undefined
}

function act(wanted: PostgresRoleWanted, seen: PostgresRoleSeen): Step[] {
  const { name, password, attributes: words } = wanted
  const verifier =
    password !== undefined && passwordDiffers(wanted, seen)
      ? secretText` PASSWORD '${new SecretValue('verifier', scramVerifier(password.reveal()))}'`
      : ''
  const stdin = secretText`${UNLOGGED}SELECT 'CREATE ROLE "${name}"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') \\gexec
ALTER ROLE "${name}" ${words}${verifier};
`
  return [{ title: `set PostgreSQL role ${name}`, script: ACT_SQL, stdin }]
}

export const postgresRoleKind: Kind<PostgresRoleWanted, PostgresRoleSeen> = {
  name: 'PostgreSQL role',
  observe: wanted =>
    observeSql(`SELECT rolname, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolpassword FROM pg_authid
WHERE rolname IN (${wanted.map(({ name }) => `'${name}'`).join(', ')});`),
  parse,
  diff,
  act,
  note: (_, { down }) => (down ? 'PostgreSQL does not answer: taken as missing' : undefined),
}

/**
 * A role of the host's own PostgreSQL. Only a SCRAM verifier of its password travels and is kept; another password is
 * noticed by checking the kept verifier on this side.
 */
export function postgresRole(options: PostgresRoleOptions): Resource<PostgresRoleWanted, PostgresRoleSeen> {
  const { password, login = true, superuser = false, createdb = false, createrole = false } = options
  const name = pgName(options.name)
  const wanted = { name, password, attributes: attributes(login, superuser, createdb, createrole) }
  return { id: `PostgreSQL role ${name}`, kind: postgresRoleKind, wanted, notify: options.notify ?? [] }
}
