import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'

/** A file or, without a body, a directory; always root's. */
export interface TarEntry {
  readonly path: string
  readonly mode: number
  readonly body?: string
}

/** A tar archive of the entries. */
export async function tarOf(entries: readonly TarEntry[]): Promise<Uint8Array> {
  const archive = pack()
  for (const { path, mode, body } of entries) {
    const header = { name: path, mode, uid: 0, gid: 0 }
    if (body === undefined) archive.entry({ ...header, type: 'directory' })
    else archive.entry(header, body)
  }
  archive.finalize()
  return await buffer(archive)
}
