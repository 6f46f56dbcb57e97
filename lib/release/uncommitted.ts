import { ConfigError } from '../errors.ts'
import { git } from './release-git.ts'
import { sanitise } from '../text/sanitise.ts'

/** Names in an error are to be read, not counted. */
const MOST = 10

/** The files of the folder `source` that git knows to differ from HEAD, and those that it does not know at all. */
export async function uncommittedFiles(source: string, signal: AbortSignal): Promise<readonly string[]> {
  const args = ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=all', '--', '.']
  const { exitCode, stdout } = await git(source, args, signal)
  if (exitCode !== 0) return []
  return stdout.split('\0').flatMap(line => (line === '' ? [] : [sanitise(line.slice(3))]))
}

/** Throws a ConfigError that names what is not committed. */
export async function refuseUncommitted(source: string, service: string, signal: AbortSignal): Promise<void> {
  const files = await uncommittedFiles(source, signal)
  if (files.length === 0) return
  const more = files.length > MOST ? [`and ${files.length - MOST} more`] : []
  throw new ConfigError(`${source} has changes that are not committed`, {
    issues: [...files.slice(0, MOST), ...more],
    hint: `commit them, name a release (--release HEAD), or take them as they are: fleet deploy ${service} --uncommitted`,
  })
}
