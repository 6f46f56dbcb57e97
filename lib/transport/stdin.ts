import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { buffer } from 'node:stream/consumers'
import type { ExecOptions } from './transport.ts'

/** What a command reads: text, bytes, or a stream of bytes that is too large to hold. */
export type Stdin = NonNullable<ExecOptions['stdin']>

/** Text or bytes, which can be sent again. */
export const isWhole = (stdin: Stdin): stdin is string | Uint8Array =>
  typeof stdin === 'string' || stdin instanceof Uint8Array

/** A view of bytes, not a copy. */
const bytesOf = (stdin: string | Uint8Array): Buffer =>
  typeof stdin === 'string'
    ? Buffer.from(stdin)
    : Buffer.from(stdin.buffer, stdin.byteOffset, stdin.byteLength)

/** All of it at once; for transports that keep what was sent. */
export const stdinBytes = async (stdin: Stdin | undefined): Promise<Buffer> =>
  stdin === undefined ? Buffer.alloc(0) : isWhole(stdin) ? bytesOf(stdin) : buffer(Readable.from(stdin))

/** Lines of ours, then what the command reads. */
export function afterLines(lines: readonly string[], stdin: Stdin | undefined): Stdin {
  const first = Buffer.from(lines.map(line => `${line}\n`).join(''))
  if (stdin === undefined) return first
  if (isWhole(stdin)) return Buffer.concat([first, bytesOf(stdin)])
  return (async function* () {
    yield first
    yield* stdin
  })()
}

/**
 * Sends it and ends `target`, as fast as the other side reads. Rejects with what the source failed with; that the other
 * side stopped reading is no failure here, since its end tells more.
 */
export async function sendStdin(
  target: Writable,
  stdin: Stdin | undefined,
  count: (bytes: number) => void,
): Promise<void> {
  if (stdin === undefined || isWhole(stdin)) {
    const bytes = stdin === undefined ? undefined : bytesOf(stdin)
    count(bytes?.length ?? 0)
    target.end(bytes)
    return
  }
  let sourceError: unknown
  async function* counted(source: AsyncIterable<Uint8Array>) {
    try {
      for await (const chunk of source) {
        count(chunk.length)
        yield chunk
      }
    } catch (error) {
      sourceError = error
      throw error
    }
  }
  await pipeline(counted(stdin), target).catch((error: unknown) => {
    if (sourceError !== undefined) throw error
  })
}
