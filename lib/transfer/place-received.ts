import { lstat, mkdir, rename } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { ConfigError } from '../errors.ts'
import { hasCode } from '../logs/files.ts'
import { sha256Of } from './local-tree.ts'
import type { ReceivedTree } from './received-tree.ts'

type Standing = 'absent' | 'file' | 'folder' | 'other'

async function standing(path: string): Promise<Standing> {
  try {
    const stats = await lstat(path)
    return stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other'
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'absent'
    throw error
  }
}

async function isSame(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([lstat(a), lstat(b)])
  return one.size === other.size && (await sha256Of(a)) === (await sha256Of(b))
}

/** Every folder that is written to, parents first: an archive need not name the folders of its files. */
function foldersOf({ folders, files }: ReceivedTree): readonly string[] {
  const all = new Set<string>()
  const add = (path: string): void => {
    if (path === '.' || all.has(path)) return
    add(posix.dirname(path))
    all.add(path)
  }
  for (const path of folders) add(path)
  for (const path of files) add(posix.dirname(path))
  return [...all]
}

/**
 * Moves what was received into its place: all of it, or nothing where something else stands in its way. Gives the paths
 * that are new or differ. Throws ConfigError for a different file unless `force`, and always for a link or a folder.
 */
export async function placeReceived(
  tree: ReceivedTree,
  { from, to, force }: { from: string; to: string; force: boolean },
): Promise<readonly string[]> {
  const changed: string[] = []
  const inTheWay: string[] = []
  const refused = new Set<string>()
  for (const path of foldersOf(tree)) {
    const isBelow = refused.has(posix.dirname(path))
    const kind = isBelow ? 'other' : await standing(join(to, path))
    if (kind === 'absent' || kind === 'folder') continue
    if (!isBelow) inTheWay.push(`${join(to, path)} is no folder`)
    refused.add(path)
  }
  for (const path of tree.files) {
    if (refused.has(posix.dirname(path))) continue
    const place = join(to, path)
    const kind = await standing(place)
    if (kind === 'absent') changed.push(path)
    else if (kind !== 'file') inTheWay.push(`${place} is no file`)
    else if (!(await isSame(join(from, path), place))) {
      if (force) changed.push(path)
      else inTheWay.push(`${place} is there and differs`)
    }
  }
  if (inTheWay.length > 0) {
    throw new ConfigError(inTheWay.join('\n'), {
      hint: 'take another folder, or --force to replace files that differ',
    })
  }
  for (const path of tree.folders) await mkdir(join(to, path), { recursive: true, mode: 0o700 })
  for (const path of changed) {
    await mkdir(dirname(join(to, path)), { recursive: true, mode: 0o700 })
    await rename(join(from, path), join(to, path))
  }
  return changed
}
