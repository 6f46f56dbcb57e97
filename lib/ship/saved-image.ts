import { createReadStream } from 'node:fs'
import { posix } from 'node:path'
import { extract, type Header } from 'tar-stream'
import { z } from 'zod'

const manifestList = z.array(z.object({ Config: z.string(), Layers: z.array(z.string()) }))

/** What a `docker save` file holds, in the classic layout or in the OCI one. */
export interface SavedImage {
  readonly file: string
  /** `sha256:...` of its configuration: what an image is, whatever the engine that has it calls it. */
  readonly id: string
  /** The name of its configuration in the file. */
  readonly config: string
  /** The name of each layer's bytes in the file, from the lowest; links are followed. */
  readonly layers: readonly string[]
}

/** Reads the table of contents. The classic layout does not store layers in order: `manifest.json`, at its end, tells. */
export async function readSavedImage(file: string): Promise<SavedImage> {
  const links = new Map<string, string>()
  let listed = '[]'
  await eachEntry(file, async (header, content) => {
    if (header.type === 'symlink') {
      links.set(header.name, posix.join(posix.dirname(header.name), header.linkname))
    }
    if (header.name === 'manifest.json') listed = (await content()).toString('utf8')
  })
  const [manifest] = manifestList.parse(JSON.parse(listed))
  if (manifest === undefined) throw new Error(`${file} holds no image`)
  const { Config: config, Layers: layers } = manifest
  const id = /[0-9a-f]{64}/.exec(config)?.[0] ?? ''
  return { file, id: `sha256:${id}`, config, layers: layers.map(layer => links.get(layer) ?? layer) }
}

/** Visits the entries of a tar file in their order; what a visit leaves unread is passed over. */
export async function eachEntry(
  file: string,
  visit: (header: Header, content: () => Promise<Buffer>, stream: AsyncIterable<unknown>) => Promise<void>,
): Promise<void> {
  const source = createReadStream(file)
  const reader = extract()
  source.on('error', error => reader.destroy(error))
  for await (const entry of source.pipe(reader)) {
    await visit(entry.header, () => bytesOf(entry), entry)
    entry.resume()
  }
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) if (chunk instanceof Uint8Array) chunks.push(chunk)
  return Buffer.concat(chunks)
}
