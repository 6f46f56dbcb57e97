import { readdir } from 'node:fs/promises'
import { readCursor } from './cursor.ts'
import { hasCode } from './files.ts'
import { hostDirectory } from './mirror.ts'
import type { MirroredHost } from './source.ts'

/** The mirror of one host, as its cursor has it. Reads only, so that it may be written to meanwhile. */
export async function mirroredHost(userFolder: string, host: string, ahead = 0): Promise<MirroredHost> {
  const directory = hostDirectory(userFolder, host)
  return { host, directory, cursor: await readCursor(directory), ahead }
}

/** Names of the hosts that have a mirror in a user's folder, sorted. */
export async function mirroredNames(userFolder: string): Promise<string[]> {
  try {
    const entries = await readdir(userFolder, { withFileTypes: true })
    return entries.flatMap(entry => (entry.isDirectory() ? [entry.name] : [])).toSorted()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}
