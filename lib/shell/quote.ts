/** Characters that mean nothing to a POSIX shell, so that a word of them needs no quotes. */
const PLAIN = /^[A-Za-z0-9_./:=@%+,-]+$/

/**
 * One POSIX shell word that expands to exactly `value`, whatever it holds: quotes, newlines, `$`, globs.
 * A leading `=` or `~` is quoted as well, since some shells expand it. Throws on NUL, which no argument can hold.
 */
export function quote(value: string): string {
  if (value.includes('\0')) throw new TypeError('a shell word cannot hold a NUL character')
  if (PLAIN.test(value) && !value.startsWith('=')) return value
  return `'${value.replaceAll("'", String.raw`'\''`)}'`
}
