import { UsageError } from '../errors.ts'

const SHOWN = 40

/** A text of unknown origin on one line: control characters escaped, no longer than 40 characters. */
function shown(text: string): string {
  const cut = text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text
  const escaped = JSON.stringify(cut).replaceAll(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return text.length > SHOWN ? `${escaped} (${text.length} characters)` : escaped
}

/**
 * The id of one user: 24 hexadecimal digits (a MongoDB ObjectId), returned in lower case as log files are named.
 * Throws UsageError for anything else, so that no other text ever reaches a host, a path or an option.
 */
export function parseUserId(text: string): string {
  if (/^[0-9a-fA-F]{24}$/.test(text) && text.length === 24) return text.toLowerCase()
  throw new UsageError(`not a user id: ${shown(text)} (an id is 24 hexadecimal digits)`, {
    hint: 'find the id with: fleet users list --where email=...',
  })
}
