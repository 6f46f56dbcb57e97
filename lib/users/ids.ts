import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import { fileProblem } from '../text/file-problem.ts'
import { printable } from '../text/printable.ts'

const ID = /^[0-9a-f]{24}$/
const MAX_BYTES = 16 * 1024 * 1024
const MAX_SHOWN = 5

/** A user id of 24 hexadecimal digits, in lower case. Throws UsageError, naming `source`, on anything else. */
export function parseId(text: string, source: string): string {
  const id = text.trim().toLowerCase()
  if (ID.test(id)) return id
  const length = text.length > 40 ? ` (${text.length} characters)` : ''
  throw new UsageError(
    `${source}: not a user id: "${printable(text, 40)}"${length} (an id is 24 hexadecimal digits)`,
    { hint: 'find the id with: fleet users list --where email=...' },
  )
}

/** Ids given as arguments, each once. */
export const parseIds = (texts: readonly string[]): readonly string[] => [
  ...new Set(texts.map((text, index) => parseId(text, `argument ${index + 1}`))),
]

/**
 * The ids of a file's text: one a line, `#` starts a comment, blank lines do not count, doubles fold. One bad line
 * refuses the whole file, so that half a list never runs.
 */
export function parseIdFile(text: string, name: string): readonly string[] {
  const ids = new Set<string>()
  const bad: string[] = []
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  for (const [index, line] of lines.entries()) {
    const word = line.replace(/(^|\s)#.*$/, '').trim()
    if (word === '') continue
    const id = word.toLowerCase()
    if (ID.test(id)) ids.add(id)
    else bad.push(`line ${index + 1}: "${printable(word, 40)}"`)
  }
  if (bad.length > 0) {
    const more = bad.length > MAX_SHOWN ? [`and ${bad.length - MAX_SHOWN} more`] : []
    throw new UsageError(
      [
        `${name}: not a user id (24 hexadecimal digits); nothing was changed`,
        ...bad.slice(0, MAX_SHOWN),
        ...more,
      ].join('\n  '),
    )
  }
  if (ids.size === 0) throw new UsageError(`${name}: names no user`)
  return [...ids]
}

/** Reads `--file`, relative to `cwd`; `-` is the standard input. */
export async function readIdFile(path: string, cwd: string): Promise<readonly string[]> {
  const name = path === '-' ? 'standard input' : path
  const bytes = await readFile(path === '-' ? '/dev/stdin' : resolve(cwd, path)).catch((error: unknown) => {
    throw new UsageError(`--file ${name}: ${fileProblem(error)}`, {
      hint: 'a file with one user id a line, or - for the standard input',
      cause: error,
    })
  })
  if (bytes.length > MAX_BYTES) throw new UsageError(`${name}: larger than 16 MB: not a list of ids`)
  return parseIdFile(bytes.toString('utf8'), name)
}
