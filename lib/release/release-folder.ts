import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import { pack } from 'tar-stream'
import { ConfigError } from '../errors.ts'
import type { Release } from './release-model.ts'
import { git } from './release-git.ts'
import { addEntry, carrier, escapes, fixedHeader } from './release-tar.ts'

/** Never part of a release that is a folder without git's ignore rules. */
const LEFT_OUT = new Set(['.git', 'node_modules'])

interface Entry {
  readonly path: string
  readonly mode: number
  readonly size: number
  readonly link?: string
  readonly digest: string
}

/**
 * A folder as it is now. Inside a git work tree, what git ignores is left out; elsewhere, `.git` and
 * `node_modules` are. Empty folders are no part of a release, as in git.
 */
export async function folderRelease(folder: string, label: string, signal: AbortSignal): Promise<Release> {
  const issues: string[] = []
  const entries: Entry[] = []
  for (const path of (await paths(folder, signal)).sort()) {
    const entry = await entryOf(folder, path, signal)
    if (typeof entry === 'string') issues.push(entry)
    else if (entry !== undefined) entries.push(entry)
  }
  if (entries.length === 0) issues.push('it holds no files')
  if (issues.length > 0) throw new ConfigError(`${folder} cannot be released`, { issues })
  const hash = createHash('sha256')
  for (const { path, mode, link, digest } of entries) {
    hash.update(`${path}\0${(mode & 0o100) === 0 ? '-' : 'x'}\0${link ?? ''}\0${digest}\0`)
  }
  const id = hash.digest('hex').slice(0, 12)
  return { id, label, archive: () => archiveOf(folder, entries, id) }
}

async function paths(folder: string, signal: AbortSignal): Promise<string[]> {
  const listed = await git(folder, ['ls-files', '-z', '-co', '--exclude-standard', '--deduplicate'], signal)
  if (listed.exitCode === 0) return listed.stdout.split('\0').filter(path => path !== '')
  const found: string[] = []
  const walk = async (inside: string): Promise<void> => {
    for (const item of await readdir(join(folder, inside), { withFileTypes: true })) {
      if (LEFT_OUT.has(item.name)) continue
      const path = inside === '' ? item.name : `${inside}/${item.name}`
      if (item.isDirectory()) await walk(path)
      else found.push(path)
    }
  }
  await walk('')
  return found
}

/** What a path holds, or why it cannot be part of a release. Undefined for what git lists but is deleted. */
async function entryOf(
  folder: string,
  path: string,
  signal: AbortSignal,
): Promise<Entry | string | undefined> {
  signal.throwIfAborted()
  const file = join(folder, path)
  const found = await lstat(file).catch(() => undefined)
  if (found === undefined) return undefined
  if (found.isSymbolicLink()) {
    const link = await readlink(file)
    if (escapes(path, link)) return `${path} links to ${link}, outside of the release`
    return { path, mode: 0o777, size: 0, link, digest: '' }
  }
  if (found.isDirectory()) return `${path} is a repository of its own; only files can be released`
  if (!found.isFile()) return `${path} is neither a file nor a link`
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash, { signal })
  return { path, mode: found.mode, size: found.size, digest: hash.digest('hex') }
}

function archiveOf(folder: string, entries: readonly Entry[], id: string): Readable {
  const out = pack()
  const fill = async () => {
    for (const { path, mode, size, link } of entries) {
      if (link !== undefined)
        out.entry(fixedHeader({ name: path, type: 'symlink', linkname: link, mode }, id))
      else
        await addEntry(
          out,
          fixedHeader({ name: path, type: 'file', size, mode }, id),
          createReadStream(join(folder, path)),
        )
    }
    out.finalize()
  }
  fill().catch((error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))))
  return out.pipe(carrier(out))
}
