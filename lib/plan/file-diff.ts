import prettyBytes from 'pretty-bytes'
import type { Body } from '../resource/resource.ts'
import { Secret, revealed } from '../shell/secret.ts'
import { maskedSides } from './mask.ts'
import { LARGEST, type PresentFile } from './present-files.ts'

/** Added and removed lines up to which a diff is looked for: beyond it takes long, and nobody reads it. */
const MOST_EDITS = 2000

const NONE = '/dev/null'

const bytesOf = (content: Body['content']): Uint8Array =>
  content instanceof Uint8Array ? content : Buffer.from(revealed(content))

/** The bytes as text; undefined for what is none, or is too long to be read by anybody. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.length > LARGEST || bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const joined = (lines: readonly string[]): string => lines.map(line => `${line}\n`).join('')

/** Both sides as they may be shown. A file that not everybody on the host may read is taken for a secret. */
function sides(before: string, isPrivate: boolean, wanted: string | Secret): readonly [string, string] {
  if (!(wanted instanceof Secret) && !isPrivate) return [before, wanted]
  const masked = maskedSides(before, wanted)
  return [joined(masked.before), joined(masked.after)]
}

/**
 * A unified diff of what is there and what is wanted, secrets masked on both sides; undefined when the bytes are the
 * same. Files that are no text or larger than LARGEST are told by their sizes.
 */
export async function fileDiff(
  { path, content }: Body,
  present: PresentFile | undefined,
): Promise<string | undefined> {
  const bytes = bytesOf(content)
  if (present?.content !== undefined && Buffer.compare(present.content, bytes) === 0) return undefined
  const old = present === undefined ? '' : present.content && textOf(present.content)
  const text = textOf(bytes)
  if (old === undefined || text === undefined) {
    const size = present === undefined ? 'no file' : prettyBytes(present.size)
    return `binary files differ, ${size} -> ${prettyBytes(bytes.length)}\n`
  }
  const wanted = content instanceof Secret ? content : text
  const [before, after] = sides(old, present?.isPrivate === true, wanted)
  const { createTwoFilesPatch } = await import('diff')
  const patch = createTwoFilesPatch(present === undefined ? NONE : path, path, before, after, '', '', {
    context: 3,
    maxEditLength: MOST_EDITS,
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  })
  if (patch === undefined) return `files differ in more than ${MOST_EDITS} lines\n`
  return patch.includes('\n@@ ') ? patch : `only secrets in it differ\n`
}
