import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { extract, pack } from 'tar-stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Engine } from '../../../lib/container/engine.ts'
import { ImagePieces } from '../../../lib/ship/image-pieces.ts'
import { prefixDigest, type Piece } from '../../../lib/ship/piece.ts'
import { droppable, readSavedImage } from '../../../lib/ship/saved-image.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 't-swap-saved-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))
const { signal } = new AbortController()

/** A `docker save` file; a value that starts with `->` is a link. */
async function saved(files: Readonly<Record<string, string>>): Promise<string> {
  const out = pack()
  for (const [name, content] of Object.entries(files)) {
    if (content.startsWith('->')) out.entry({ name, type: 'symlink', linkname: content.slice(2) })
    else out.entry({ name }, content)
  }
  out.finalize()
  const file = join(folder, 'image.tar')
  await writeFile(file, await buffer(out))
  return file
}

const engineWith = (files: Readonly<Record<string, string>>): Engine => ({
  run: () => Promise.reject(new Error('not used')),
  save: async (_, file) => writeFile(file, await readFile(await saved(files))),
})

/** The entries of the archive that pieces make one after another. */
async function names(pieces: readonly Piece[]): Promise<string[]> {
  const found: string[] = []
  const reader = extract()
  const parts = await Promise.all(pieces.map(({ file }) => readFile(file)))
  reader.end(gunzipSync(Buffer.concat(parts)))
  for await (const entry of reader) {
    found.push(entry.header.name)
    entry.resume()
  }
  return found
}

const manifest = (...layers: string[]) =>
  JSON.stringify([{ Config: 'c.json', RepoTags: ['x'], Layers: layers }])

// The classic layout of 20.10: in no order, and an equal layer is a link to the first.
const classic = {
  '3/layer.tar': '->../1/layer.tar',
  '2/layer.tar': 'two',
  '2/json': '{}',
  '1/layer.tar': 'one',
  'c.json': '{}',
  'manifest.json': manifest('1/layer.tar', '2/layer.tar', '3/layer.tar'),
}
// The layout of 25 and later.
const oci = {
  'blobs/sha256/aa': 'one',
  'blobs/sha256/bb': 'two',
  'blobs/sha256/cc': '{}',
  'index.json': '{}',
  'manifest.json': manifest('blobs/sha256/aa', 'blobs/sha256/bb'),
}

test.each([
  ['classic, nothing known', classic, 0, []],
  ['classic, a link still needs the known layer', classic, 2, ['2/layer.tar']],
  ['classic, all known', classic, 3, ['1/layer.tar', '2/layer.tar']],
  ['OCI, the lowest known', oci, 1, ['blobs/sha256/aa']],
])('%s', async (_, files, shared, dropped) => {
  const image = await readSavedImage(await saved(files))
  expect([...droppable(image, shared)].sort()).toEqual(dropped)
  const out = await mkdtemp(join(folder, 'out-'))
  const pieces = await ImagePieces.save('x', engineWith(files), out, signal)
  const found = await names(await pieces.without(shared))
  expect(found.sort()).toEqual(
    Object.keys(files)
      .filter(name => !dropped.includes(name))
      .sort(),
  )
})

test('hosts with different gaps share pieces, and the same image makes the same ones again', async () => {
  const made: (readonly Piece[])[] = []
  for (const out of ['one', 'two']) {
    await mkdir(join(folder, out))
    const pieces = await ImagePieces.save('x', engineWith(oci), join(folder, out), signal)
    const [all, some] = await Promise.all([pieces.without(0), pieces.without(1)])
    expect(some).toEqual(all.slice(1))
    made.push(all)
  }
  const digests = made.map(pieces => pieces.map(({ digest, bytes, unpacked }) => [digest, bytes, unpacked]))
  expect(digests[0]).toEqual(digests[1])
  const [first] = made[0] ?? []
  expect(first?.digest).toBe(await prefixDigest(first?.file ?? '', first?.bytes ?? 0))
})

test('a file without an image is an error', async () => {
  await expect(readSavedImage(await saved({ 'manifest.json': '[]' }))).rejects.toThrow('holds no image')
})
