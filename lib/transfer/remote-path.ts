import { posix } from 'node:path'
import { UsageError } from '../errors.ts'

/** An absolute path on a host, without `.`, `..` and double slashes. Throws UsageError for anything else. */
export function remotePath(text: string): string {
  if (!text.startsWith('/') || text.includes('\0') || text.split('/').includes('..')) {
    throw new UsageError(`${JSON.stringify(text)} is no absolute path on a host`, {
      hint: 'like /etc/motd, or /srv/files/ for one in that folder',
    })
  }
  return posix.normalize(text)
}

/** Where something called `name` goes: into a path that ends with a slash, else to the path itself. */
export function targetOf(text: string, name: string): string {
  const path = remotePath(text)
  if (path.endsWith('/')) return `${path}${name}`
  return path
}
