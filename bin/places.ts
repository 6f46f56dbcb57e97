import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { UserModules } from '../lib/fleet/package.ts'
import type { Io } from './io.ts'
import type { Env } from '../lib/ui/terminal.ts'

/** Where this package's own parts are. */
export interface Places {
  /** The folder with package.json. */
  readonly root: string
  /** The folder of the running code: `dist`, or the root itself when run from source. */
  readonly code: string
}

/** Finds the package from the folder of the running `bin`. */
export function placesFrom(binDirectory: string): Places {
  const code = join(binDirectory, '..')
  return { code, root: existsSync(join(code, 'package.json')) ? code : join(code, '..') }
}

/** The version of this package. */
export async function packageVersion(root: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  return version
}

/** Folders for what outlives a run, after the XDG base directory rules. */
export function userFolders(env: Env, home: string): { readonly state: string; readonly cache: string } {
  return {
    state: join(env.XDG_STATE_HOME || join(home, '.local/state'), 'fleetfile'),
    cache: join(env.XDG_CACHE_HOME || join(home, '.cache'), 'fleetfile'),
  }
}

/** What modules written by users are loaded with. */
export const userModules = (places: Places, io: Pick<Io, 'env' | 'home'>): UserModules => ({
  ...places,
  cache: userFolders(io.env, io.home).cache,
})
