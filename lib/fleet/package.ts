import { existsSync } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** What modules written by users are given, and where results about them are kept. */
export interface UserModules {
  /** The folder of this package: its node_modules serve `zod` and `zx` to user modules. */
  readonly root: string
  /** The folder of the running code. */
  readonly code: string
  /** The user's cache folder for fleetfile. */
  readonly cache: string
  /** `false` where speed counts and nothing is run: shell completion. */
  readonly checksTypes?: boolean
}

/** A dependency of ours, which npm may have put beside this package instead of into it. */
export function packageFolder(name: string, { root }: Pick<UserModules, 'root'>): string {
  const inside = join(root, 'node_modules', name)
  return existsSync(inside) ? inside : join(root, '..', name)
}

/** What a copy of this package gives to its own fleets and tasks. */
const INDEX = 'lib/index.ts'

/**
 * The source of this package, or of another copy of it, that a file or folder lies in: where there is one, its `lib` is
 * a second engine, whose classes are not ours.
 */
export async function packageAround(path: string): Promise<string | undefined> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (await isPackage(folder)) return folder
    if (folder === dirname(folder)) return undefined
  }
}

/** Whether a folder is the source of this package, of whatever copy. */
export async function isPackage(folder: string): Promise<boolean> {
  if (!existsSync(join(folder, INDEX))) return false
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '')
  return /^\s*"name":\s*"fleetfile"/m.test(text)
}

/** Whether a folder is the source of a copy of this package that is not the running one. */
export const isOtherCopy = async (folder: string, { root }: Pick<UserModules, 'root'>): Promise<boolean> =>
  (await isPackage(folder)) && (await realpath(folder)) !== (await realpath(root))

/** The file that fleets in a copy of this package import their functions from. */
export const indexOf = async (root: string): Promise<string> => join(await realpath(root), INDEX)
