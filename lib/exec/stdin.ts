import { createReadStream } from 'node:fs'
import { ConfigError, UsageError } from '../errors.ts'
import { fileProblem } from '../text/file-problem.ts'

/** Every host is sent the same bytes from memory; what is larger is a file to be put there first. */
const LARGEST = 64 << 20

/** All of a file, or of what is piped in for `-`. Throws ConfigError when it cannot be read, UsageError when it is too large. */
export async function readStdin(path: string, piped: () => AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of path === '-' ? piped() : createReadStream(path)) {
      size += chunk.length
      if (size > LARGEST) break
      chunks.push(chunk)
    }
  } catch (cause) {
    throw new ConfigError(`--stdin: cannot read ${path}: ${fileProblem(cause)}`, {
      hint: 'a file on this machine, or - for what is piped in',
      cause,
    })
  }
  if (size > LARGEST) {
    throw new UsageError(`--stdin: ${path} is larger than 64 MB`, {
      hint: 'fleet put it there and read it there',
    })
  }
  return Buffer.concat(chunks)
}
