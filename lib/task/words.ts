import { z } from 'zod'
import { suggest } from '../suggest.ts'

const FORMATS: Readonly<Record<string, string>> = {
  email: 'an e-mail address',
  url: 'a URL',
  uuid: 'a UUID',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  datetime: 'a date and time like 2026-11-22T10:00:00Z',
  date: 'a date like 2026-11-22',
}

const TYPES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  bigint: 'a whole number',
  date: 'a date',
  boolean: 'true or false',
  string: 'text',
}

const show = (value: unknown): string => (typeof value === 'string' ? `, not "${value}"` : '')

/** `at most 64`, `fewer than 3 values`, `at least 2 characters`. */
function limit(
  word: string,
  strictWord: string,
  bound: number | bigint,
  inclusive: boolean | undefined,
  of: string,
) {
  const things: Readonly<Record<string, string>> = { string: ' characters', array: ' values', set: ' values' }
  const thing = things[of] ?? ''
  const unit = bound === 1 || bound === 1n ? thing.replace(/s$/, '') : thing
  return `must be ${(inclusive ?? true) ? word : strictWord} ${bound}${unit}`
}

function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  const each = keys.map(key => {
    const meant = suggest(key, known)
    return meant === undefined ? `"${key}"` : `"${key}", did you mean "${meant}"?`
  })
  return `unknown ${each.join(' ')}`
}

/** What is wrong with a value, in words for a person who knows the option but no schema. */
export function wordIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'too_big':
      return limit('at most', 'less than', issue.maximum, issue.inclusive, issue.origin)
    case 'too_small':
      return limit('at least', 'more than', issue.minimum, issue.inclusive, issue.origin)
    case 'invalid_type':
      if (issue.input === undefined) return 'is required'
      return `must be ${TYPES[issue.expected] ?? `a ${issue.expected}`}${show(issue.input)}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}${show(issue.input)}`
    case 'invalid_format':
      return `must be ${FORMATS[issue.format] ?? `like ${issue.pattern ?? issue.format}`}${show(issue.input)}`
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'unrecognized_keys':
      return unknownKeys(issue.keys, issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape) : [])
    case 'invalid_key':
      return issue.issues.map(each => each.message).join(', ')
    case 'invalid_union':
      return [...new Set(issue.errors.flat().map(each => each.message))].join(' or ')
    default:
      return undefined
  }
}
