import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { extract, pack } from 'tar-stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Engine } from '../../../lib/container/engine.ts'
import { ImagePieces } from '../../../lib/ship/image-pieces.ts'
import { prefixDigest, type Piece } from '../../../lib/ship/piece.ts'
import { readSavedImage } from '../../../lib/ship/saved-image.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 't-swap-saved-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))
const { signal } = new AbortController()

type Files = Readonly<Record<string, string | Buffer>>

/** A `docker save` file; a text that starts with `->` is a link. */
async function saved(files: Files): Promise<string> {
  const out = pack()
  for (const [name, content] of Object.entries(files)) {
    if (typeof content === 'string' && content.startsWith('->'))
      out.entry({ name, type: 'symlink', linkname: content.slice(2) })
    else out.entry({ name }, content)
  }
  out.finalize()
  const file = join(folder, 'image.tar')
  await writeFile(file, await buffer(out))
  return file
}

const engineWith = (files: Files): Engine => ({
  run: () => Promise.reject(new Error('not used')),
  save: async (_, file) => writeFile(file, await readFile(await saved(files))),
})

/** The archive that pieces make one after another: its files' content, by name. */
async function unpacked(pieces: readonly Piece[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  const reader = extract()
  const parts = await Promise.all(pieces.map(({ file }) => readFile(file)))
  reader.end(gunzipSync(Buffer.concat(parts)))
  for await (const entry of reader) found.set(entry.header.name, (await buffer(entry)).toString('utf8'))
  return found
}

const sha = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`
const blob = (text: string): string => `blobs/${sha(text).replace(':', '/')}`
const manifest = (config: string, ...layers: string[]) =>
  JSON.stringify([{ Config: config, RepoTags: ['x'], Layers: layers }])

// The classic layout of 20.10: in no order, and an equal layer is a link to the first.
const classic = {
  '3/layer.tar': '->../1/layer.tar',
  '2/layer.tar': 'two!',
  '2/json': '{}',
  '1/layer.tar': 'one!',
  'c.json': '{"os":"linux"}',
  'manifest.json': manifest('c.json', '1/layer.tar', '2/layer.tar', '3/layer.tar'),
}
// The layout of 25 and later.
const oci = {
  [blob('one!')]: 'one!',
  [blob('two!')]: 'two!',
  [blob('{"os":"linux"}')]: '{"os":"linux"}',
  'index.json': '{}',
  'manifest.json': manifest(blob('{"os":"linux"}'), blob('one!'), blob('two!')),
}
// Of an engine that keeps layers as it pulled them.
const zipped = {
  'blobs/sha256/aa': gzipSync('one!'),
  'blobs/sha256/bb': gzipSync('two!'),
  'blobs/sha256/cc': '{"os":"linux"}',
  'manifest.json': manifest('blobs/sha256/cc', 'blobs/sha256/aa', 'blobs/sha256/bb'),
}
const two = [sha('one!'), sha('two!')]
const three = [...two, sha('one!')]

const save = (content: Files, layers: readonly string[], out: string) =>
  ImagePieces.save({ tag: 'x:1', layers }, engineWith(content), out, signal)

test.each([
  ['classic, nothing known', classic, three, 0, ['one!', 'two!']],
  ['classic, the known layer comes again above', classic, three, 2, ['one!']],
  ['classic, all known', classic, three, 3, []],
  ['OCI, the lowest known', oci, two, 1, ['two!']],
  ['compressed, nothing known', zipped, two, 0, ['one!', 'two!']],
  ['compressed, the lowest known', zipped, two, 1, ['two!']],
])('%s', async (_, content, layers, shared, sent) => {
  const out = await mkdtemp(join(folder, 'out-'))
  const found = await unpacked(await (await save(content, layers, out)).without(shared))
  const config = '{"os":"linux"}'
  for (const text of [...sent, config]) expect(found.get(blob(text))).toBe(text)
  const { manifests } = JSON.parse(found.get('index.json') ?? '') as {
    manifests: { digest: string; size: number }[]
  }
  const listed = found.get(`blobs/${manifests[0]?.digest.replace(':', '/')}`) ?? ''
  expect(manifests).toMatchObject([{ digest: sha(listed), size: listed.length }])
  // Of all layers, also of those that are not there.
  expect(JSON.parse(listed)).toMatchObject({
    config: { digest: sha(config), size: config.length },
    layers: layers.map(digest => ({ digest, size: 4 })),
  })
  expect(JSON.parse(found.get('manifest.json') ?? '')).toEqual([
    {
      Config: blob(config),
      RepoTags: ['x:1'],
      Layers: layers.map(each => `blobs/${each.replace(':', '/')}`),
    },
  ])
  expect([...found.keys()].filter(name => name.startsWith('blobs/'))).toHaveLength(sent.length + 2)
})

test('hosts with different gaps share pieces, and the same image makes the same ones again, whoever saved it', async () => {
  const made: (readonly Piece[])[] = []
  for (const [index, content] of [oci, oci, zipped].entries()) {
    const out = join(folder, String(index))
    await mkdir(out)
    const pieces = await save(content, two, out)
    const [all, some] = await Promise.all([pieces.without(0), pieces.without(1)])
    expect(some).toEqual(all.slice(1))
    made.push(all)
  }
  const digests = made.map(pieces => pieces.map(({ digest, bytes, unpacked: room }) => [digest, bytes, room]))
  expect(digests[1]).toEqual(digests[0])
  expect(digests[2]).toEqual(digests[0])
  const [first] = made[0] ?? []
  expect(first?.digest).toBe(await prefixDigest(first?.file ?? '', first?.bytes ?? 0))
})

test('a file without an image, or with another one, is an error', async () => {
  await expect(readSavedImage(await saved({ 'manifest.json': '[]' }))).rejects.toThrow('holds no image')
  await expect(save(oci, three, folder)).rejects.toThrow('x:1 has 3 layers, its file 2')
})
