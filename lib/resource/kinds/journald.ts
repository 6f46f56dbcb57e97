import { allowed, wholeNumber } from '../check.ts'
import { restart } from '../handlers.ts'
import { withHeader } from '../header.ts'
import type { PathSeen } from '../paths.ts'
import type { Resource } from '../resource.ts'
import type { FileWanted } from './file.ts'
import { file } from './file.ts'

export interface JournaldOptions {
  /** Most disk it may take: `500M`, `2G`. */
  readonly maxUse: string
  /** Disk it must leave free. */
  readonly keepFree?: string
  /** Oldest entry, in days. */
  readonly days?: number
}

const size = (what: string, value: string): string => allowed(what, value, /^[1-9][0-9]*[KMGT]$/)

/** Limits for the system's journal, which is kept on the disk across boots. */
export function journald({ maxUse, keepFree, days }: JournaldOptions): Resource<FileWanted, PathSeen> {
  const lines = [
    '[Journal]',
    'Storage=persistent',
    `SystemMaxUse=${size('maxUse', maxUse)}`,
    ...(keepFree === undefined ? [] : [`SystemKeepFree=${size('keepFree', keepFree)}`]),
    ...(days === undefined ? [] : [`MaxRetentionSec=${wholeNumber('days', days, 1, 3650)}day`]),
  ]
  const content = withHeader(`${lines.join('\n')}\n`)
  const notify = [restart('systemd-journald')]
  const path = '/etc/systemd/journald.conf.d/60-fleet.conf'
  return { ...file({ path, content, notify, parents: true }), id: 'journald limits' }
}
