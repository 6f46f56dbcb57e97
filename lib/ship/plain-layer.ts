import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { execa } from 'execa'
import { ConfigError } from '../errors.ts'

/** A layer's bytes before anybody compressed them. */
export interface PlainLayer {
  readonly bytes: number
  readonly content: AsyncIterable<unknown>
}

/** What compressed files begin with: RFC 1952 with deflate, RFC 8878. */
const GZIP = Buffer.from([0x1f, 0x8b, 0x08])
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/**
 * A layer as engines know it, of one that may be compressed: an engine with containerd's store saves what it pulled.
 * Such a layer goes by way of `file`, since its size is not known before. `bytes` is its size as it is saved.
 */
export async function plainLayer(
  saved: AsyncIterable<unknown>,
  bytes: number,
  file: string,
): Promise<PlainLayer> {
  const chunks = saved[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  while (head.length < ZSTD.length) {
    const { done, value } = await chunks.next()
    if (done === true) break
    if (value instanceof Uint8Array) head = Buffer.concat([head, value])
  }
  const content = async function* () {
    yield head
    for (;;) {
      const { done, value } = await chunks.next()
      if (done === true) return
      yield value
    }
  }
  const isZstd = head.subarray(0, ZSTD.length).equals(ZSTD)
  if (!isZstd && !head.subarray(0, GZIP.length).equals(GZIP)) return { bytes, content: content() }
  if (isZstd) await unzstd(Readable.from(content()), file)
  else await pipeline(content(), createGunzip(), createWriteStream(file, { mode: 0o600 }))
  return { bytes: (await stat(file)).size, content: createReadStream(file) }
}

/** Node knows zstd from 22.15 on only. */
async function unzstd(input: Readable, file: string): Promise<void> {
  const result = await execa('zstd', ['--decompress', '--quiet', '--stdout'], {
    input,
    stdout: { file },
    reject: false,
  })
  if (!result.failed) return
  throw new ConfigError(
    `cannot unpack a layer that is compressed with zstd: ${result.stderr || result.shortMessage || ''}`,
    {
      hint: 'install zstd where releases are built',
    },
  )
}
