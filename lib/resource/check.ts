import { ConfigError } from '../errors.ts'

/** Takes a value that matches the allow-list, refuses every other with a ConfigError that shows it. */
export function allowed(what: string, value: string, pattern: RegExp): string {
  if (!pattern.test(value))
    throw new ConfigError(`${what} ${JSON.stringify(value)} is not allowed: want ${pattern}`)
  return value
}

const USER = /^[a-z_][a-z0-9_-]{0,31}$/
const CONTROL = /[\0-\x1f\x7f]/

/** A login or group name. */
export const userName = (value: string): string => allowed('user or group name', value, USER)

/** Text of one line: no control characters. */
export function oneLine(what: string, value: string): string {
  if (CONTROL.test(value)) throw new ConfigError(`${what} ${JSON.stringify(value)} holds control characters`)
  return value
}

/** An absolute path in its plain form: no `..`, no double or trailing slash, no backslash or control character. */
export function absolutePath(value: string): string {
  const plain = value.startsWith('/') && !/\\/.test(value) && !CONTROL.test(value)
  const parts = value.slice(1).split('/')
  if (!plain || parts.some(part => part === '' || part === '.' || part === '..')) {
    throw new ConfigError(`path ${JSON.stringify(value)} is not allowed: want a plain absolute path`)
  }
  return value
}

/** A file mode such as 0o644. */
export function fileMode(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0o7777) {
    throw new ConfigError(`mode ${value} is not allowed: want an octal number such as 0o644`)
  }
  return value
}

/** A whole number within limits. */
export function wholeNumber(what: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new ConfigError(`${what} ${value} is not allowed: want ${least} to ${most}`)
  }
  return value
}
