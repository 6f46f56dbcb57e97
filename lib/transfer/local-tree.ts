import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import { quote } from '../shell/quote.ts'
import { fileProblem } from '../text/file-problem.ts'

/** A file to be sent. */
export interface LocalFile {
  /** Path on this machine. */
  readonly source: string
  /** Path below what is sent; empty for a single file. */
  readonly path: string
  readonly size: number
  /** Permission bits. */
  readonly mode: number
  readonly sha256: string
}

/** A file, or a folder with all that is in it, as it was when it was read. */
export interface LocalTree {
  readonly name: string
  readonly isFolder: boolean
  /** Paths of the folders below it, parents first. */
  readonly folders: readonly string[]
  readonly files: readonly LocalFile[]
}

/** Lowercase hex of a file's SHA-256, read in pieces. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

const refuse = (path: string, why: string): ConfigError =>
  new ConfigError(`${path} ${why}`, { hint: 'only files and folders are sent' })

const unreadable = (path: string, cause: unknown): ConfigError =>
  new ConfigError(`cannot read ${path}: ${fileProblem(cause)}`, { hint: `ls -ld ${quote(path)}`, cause })

/** Reads what is to be sent. Throws ConfigError for what is not there, and for links and devices: they are not sent. */
export async function readTree(path: string, cwd: string): Promise<LocalTree> {
  const root = resolve(cwd, path)
  const folders: string[] = []
  const files: LocalFile[] = []

  const visit = async (source: string, below: string): Promise<boolean> => {
    const stats = await lstat(source).catch((cause: unknown) => {
      if (basename(source).includes('\u{FFFD}')) throw refuse(source, 'has a name that is not UTF-8')
      throw unreadable(source, cause)
    })
    if (stats.isSymbolicLink()) throw refuse(source, 'is a symbolic link')
    if (stats.isFile()) {
      const sha256 = await sha256Of(source).catch((cause: unknown) => {
        throw unreadable(source, cause)
      })
      files.push({ source, path: below, size: stats.size, mode: stats.mode & 0o777, sha256 })
      return false
    }
    if (!stats.isDirectory()) throw refuse(source, 'is neither a file nor a folder')
    if (below !== '') folders.push(below)
    const names = await readdir(source).catch((cause: unknown) => {
      throw unreadable(source, cause)
    })
    for (const name of names.sort()) {
      await visit(join(source, name), below === '' ? name : `${below}/${name}`)
    }
    return true
  }

  const isFolder = await visit(root, '')
  return { name: basename(root), isFolder, folders, files }
}
