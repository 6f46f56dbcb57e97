import { distance } from 'fastest-levenshtein'
import { UsageError } from '../errors.ts'
import { parseSeconds } from './seconds.ts'
import type { Condition, Filter } from './filter.ts'
import { parseId } from './ids.ts'
import { printable } from '../text/printable.ts'

interface Field {
  readonly example: string
  readonly about: string
  /** Without a value, or with: undefined when that makes no sense. */
  parse(value: string | undefined): Condition | undefined
}

const flag = (kind: 'stranded' | 'locked' | 'queued' | 'suppressed', about: string): Field => ({
  example: kind,
  about,
  parse: value => (value === undefined ? { kind } : undefined),
})

const glob = (kind: 'email' | 'host' | 'only-host', example: string, about: string): Field => ({
  example: `${kind}=${example}`,
  about,
  parse: value => (value ? { kind, glob: value } : undefined),
})

const span = (kind: 'older' | 'unsynced', example: string, about: string): Field => ({
  example: `${kind}=${example}`,
  about,
  parse(value) {
    const seconds = value === undefined ? undefined : parseSeconds(value)
    return seconds === undefined ? undefined : { kind, seconds }
  },
})

const count = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined)

const FIELDS: Readonly<Record<string, Field>> = {
  stranded: flag('stranded', 'locked by a worker that is gone'),
  locked: flag('locked', 'a worker holds the user'),
  queued: flag('queued', 'waits for a worker'),
  suppressed: flag('suppressed', 'not synchronised automatically'),
  errors: {
    example: 'errors',
    about: 'has errors; errors=5: at least 5',
    parse(value) {
      const atLeast = value === undefined ? 1 : count(value)
      return atLeast === undefined ? undefined : { kind: 'errors', atLeast }
    },
  },
  id: {
    example: 'id=5f0c...',
    about: 'one user',
    parse: value => (value === undefined ? undefined : { kind: 'ids', ids: [parseId(value, '--where id')] }),
  },
  email: glob('email', '*@example.com', 'a pattern with * and ?'),
  host: glob('host', 'sync3', 'the host whose worker holds the user'),
  'only-host': glob('only-host', 'sync3', 'the only host that may synchronise the user'),
  worker: {
    example: 'worker=4711',
    about: 'the process id of the worker that holds the user',
    parse(value) {
      const process = value === undefined ? undefined : count(value)
      return process === undefined ? undefined : { kind: 'worker', process }
    },
  },
  older: span('older', '10m', 'locked or queued for longer than this'),
  unsynced: span('unsynced', '7d', 'last synchronised longer ago than this, or never'),
}

/** What `--where` understands, a line for each field. */
export const whereHelp = (): string =>
  Object.values(FIELDS)
    .map(({ example, about }) => `  ${example.padEnd(22)}${about}`)
    .join('\n')

function nearest(name: string): string | undefined {
  const [best] = Object.keys(FIELDS)
    .map(field => ({ field, edits: distance(name, field) }))
    .sort((a, b) => a.edits - b.edits)
  return best !== undefined && best.edits <= Math.max(2, name.length / 3) ? best.field : undefined
}

/** One `--where` as a condition: `stranded`, `email=*@example.com`. Throws UsageError on anything else. */
export function parseCondition(text: string): Condition {
  const equals = text.indexOf('=')
  const name = (equals === -1 ? text : text.slice(0, equals)).trim()
  const value = equals === -1 ? undefined : text.slice(equals + 1).trim()
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined
  if (field === undefined) {
    const guess = nearest(name)
    throw new UsageError(
      `--where ${printable(text, 60)}: no field "${printable(name, 40)}"` +
        (guess === undefined ? '' : `; did you mean "${guess}"?`),
      { hint: `--where takes:\n${whereHelp()}` },
    )
  }
  // A NUL can be in no PostgreSQL text: it would come back as the database's own error.
  const condition = value?.includes('\0') ? undefined : field.parse(value)
  if (condition !== undefined) return condition
  throw new UsageError(`--where ${printable(text, 60)}: write it like ${field.example} (${field.about})`)
}

/** All `--where`s of a command; they must all hold. */
export const parseWhere = (texts: readonly string[]): Filter => texts.map(parseCondition)
