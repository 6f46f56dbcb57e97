import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { posix } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip, constants } from 'node:zlib'
import { extract, pack, type Header } from 'tar-stream'
import { z } from 'zod'
import { addEntry, carrier } from '../rollout/release-tar.ts'

const manifestList = z.array(z.object({ Config: z.string(), Layers: z.array(z.string()) }))

/** What a `docker save` file holds, in the classic layout or in the OCI one. */
export interface SavedImage {
  readonly file: string
  /** The name of each layer's bytes in the file, from the lowest; links are followed. */
  readonly layers: readonly string[]
  readonly sizes: ReadonlyMap<string, number>
}

/** Reads the table of contents. The classic layout does not store layers in order: `manifest.json`, at its end, tells. */
export async function readSavedImage(file: string): Promise<SavedImage> {
  const links = new Map<string, string>()
  const sizes = new Map<string, number>()
  let listed = '[]'
  await eachEntry(file, async (header, content) => {
    if (header.type === 'symlink') {
      links.set(header.name, posix.join(posix.dirname(header.name), header.linkname))
    }
    if (header.type === 'file') sizes.set(header.name, header.size)
    if (header.name === 'manifest.json') listed = await content()
  })
  const [manifest] = manifestList.parse(JSON.parse(listed))
  if (manifest === undefined) throw new Error(`${file} holds no image`)
  return { file, layers: manifest.Layers.map(layer => links.get(layer) ?? layer), sizes }
}

/** The names of the layers that can be left out for an engine that has the lowest `shared` ones. */
export function droppable({ layers }: SavedImage, shared: number): ReadonlySet<string> {
  const needed = new Set(layers.slice(shared))
  return new Set(layers.slice(0, shared).filter(layer => !needed.has(layer)))
}

/** The unpacked size of what is left without `dropped`. */
export const sizeWithout = ({ sizes }: SavedImage, dropped: ReadonlySet<string>): number =>
  [...sizes].reduce((sum, [name, size]) => sum + (dropped.has(name) ? 0 : size), 0)

/**
 * Writes the image without some of its layers to `to`, compressed when that helps, and gives the size. One file serves
 * every host that lacks the same layers.
 */
export async function writeWithout(
  image: SavedImage,
  dropped: ReadonlySet<string>,
  to: string,
  signal: AbortSignal,
): Promise<number> {
  const out = pack()
  const fill = async () => {
    await eachEntry(image.file, async (header, _content, stream) => {
      if (dropped.has(header.name)) return
      if (header.type === 'file') await addEntry(out, header, stream)
      else out.entry(header)
    })
    out.finalize()
  }
  const filled = fill().catch((error: unknown) => {
    out.destroy(error instanceof Error ? error : new Error(String(error)))
  })
  const packed = out.pipe(carrier(out))
  const target = createWriteStream(to, { mode: 0o600 })
  // Level 1: as fast as most uplinks, and two thirds smaller already.
  const zip = sizeWithout(image, dropped) > 65_536 ? createGzip({ level: constants.Z_BEST_SPEED }) : undefined
  try {
    await (zip === undefined
      ? pipeline(packed, target, { signal })
      : pipeline(packed, zip, target, { signal }))
    await filled
    return (await stat(to)).size
  } catch (error) {
    await rm(to, { force: true })
    throw error
  }
}

async function eachEntry(
  file: string,
  visit: (header: Header, content: () => Promise<string>, stream: AsyncIterable<unknown>) => Promise<void>,
): Promise<void> {
  const source = createReadStream(file)
  const reader = extract()
  source.on('error', error => reader.destroy(error))
  for await (const entry of source.pipe(reader)) {
    await visit(entry.header, () => textOf(entry), entry)
    entry.resume()
  }
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) if (chunk instanceof Uint8Array) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
