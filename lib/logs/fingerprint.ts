import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Fingerprint } from './script.ts'

/** Bytes at the start and before the end that tell one file from another. */
export const HEAD = 1024
export const ANCHOR = 256

/** SHA-256 in hexadecimal. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The fingerprint of a file of which nothing is known but its head. */
export const unread = (headLength: number, head: string): Fingerprint => ({
  headLength,
  head,
  anchorLength: 0,
  anchor: sha256(new Uint8Array()),
  offset: 0,
})

/** The fingerprint of the first `offset` bytes of a local file. */
export async function fingerprint(path: string, offset: number): Promise<Fingerprint> {
  const headLength = Math.min(HEAD, offset)
  const anchorLength = Math.min(ANCHOR, offset)
  const handle = await open(path, 'r')
  try {
    const read = async (start: number, length: number) => {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, start)
      return sha256(buffer.subarray(0, bytesRead))
    }
    return {
      headLength,
      head: await read(0, headLength),
      anchorLength,
      anchor: await read(offset - anchorLength, anchorLength),
      offset,
    }
  } finally {
    await handle.close()
  }
}
