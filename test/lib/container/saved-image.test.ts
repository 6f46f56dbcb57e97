import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { extract, pack } from 'tar-stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { droppable, readSavedImage, sizeWithout, writeWithout } from '../../../lib/container/saved-image.ts'

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

async function names(file: string): Promise<string[]> {
  const bytes = await readFile(file)
  const found: string[] = []
  const reader = extract()
  reader.end(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes)
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
  const drop = droppable(image, shared)
  expect([...drop].sort()).toEqual(dropped)
  const to = join(folder, 'out')
  const bytes = await writeWithout(image, drop, to, signal)
  expect(await names(to)).toEqual(Object.keys(files).filter(name => !dropped.includes(name)))
  expect((await readFile(to)).length).toBe(bytes)
})

test('a large rest is compressed, and its size is known before', async () => {
  const files = { '1/layer.tar': 'x'.repeat(200_000), 'manifest.json': manifest('1/layer.tar') }
  const image = await readSavedImage(await saved(files))
  expect(sizeWithout(image, new Set(['1/layer.tar']))).toBeLessThan(200)
  expect(await writeWithout(image, new Set(), join(folder, 'out'), signal)).toBeLessThan(5000)
  expect(await names(join(folder, 'out'))).toEqual(['1/layer.tar', 'manifest.json'])
})

test('a file without an image is an error', async () => {
  await expect(readSavedImage(await saved({ 'manifest.json': '[]' }))).rejects.toThrow('holds no image')
})
