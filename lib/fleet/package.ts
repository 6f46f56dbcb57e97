import { existsSync } from 'node:fs'
import { join } from 'node:path'

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
