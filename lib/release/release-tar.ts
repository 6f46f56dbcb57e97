import { posix } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract, pack, type Header, type Pack } from 'tar-stream'

/** What is said of an entry; sizes only of files. */
export type EntryHeader = Partial<Header> & Pick<Header, 'name'>

/** Whether a link at `path` inside a tree leads out of that tree. */
export function escapes(path: string, target: string): boolean {
  if (target === '' || posix.isAbsolute(target)) return true
  const end = posix.normalize(posix.join(posix.dirname(path), target))
  return end === '..' || end.startsWith('../')
}

/**
 * One time for every file of a release, taken from its id. A fixed time for all releases would give a web server's
 * ETags (time and size) the same value for different bytes; the real time would make the archive differ each time.
 */
export const timeOf = (id: string): Date => new Date((1_262_304_000 + parseInt(id.slice(0, 7), 16)) * 1000)

/** A header with nothing in it that depends on who made it, or when. */
export function fixedHeader(header: EntryHeader, id: string): EntryHeader {
  const { name, type = 'file', linkname, size } = header
  const executable = type === 'directory' || (type === 'file' && ((header.mode ?? 0) & 0o100) !== 0)
  return {
    name,
    type,
    mode: executable ? 0o755 : 0o644,
    mtime: timeOf(id),
    uid: 0,
    gid: 0,
    uname: '',
    gname: '',
    ...(linkname === undefined ? {} : { linkname }),
    ...(type === 'file' && size !== undefined ? { size } : {}),
  }
}

/** Adds an entry whose content is streamed in. */
export async function addEntry(
  out: Pack,
  header: EntryHeader,
  content: AsyncIterable<unknown> | Iterable<unknown>,
): Promise<void> {
  await pipeline(content, out.entry(header))
}

/** The same archive with fixed owners, times and modes. */
export function normalised(archive: Readable, id: string): Readable {
  const out = pack()
  const fill = async () => {
    for await (const entry of archive.pipe(extractor(archive))) {
      const header = fixedHeader(entry.header, id)
      if (entry.header.type === 'file') await addEntry(out, header, entry)
      else {
        entry.resume()
        if (['directory', 'symlink', 'link'].includes(entry.header.type)) out.entry(header)
      }
    }
    out.finalize()
  }
  fill().catch((error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))))
  // tar-stream's Pack is a streamx stream: close to, but not, what Node's own pipes expect.
  return out.pipe(carrier(out))
}

function extractor(archive: Readable) {
  const reader = extract()
  archive.on('error', error => reader.destroy(error))
  return reader
}

/** A Node stream that fails when the pack does. */
export function carrier(out: Pack): PassThrough {
  const through = new PassThrough()
  out.on('error', error => through.destroy(error))
  through.on('close', () => out.destroy())
  return through
}
