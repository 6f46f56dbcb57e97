import { ConfigError } from '../../errors.ts'
import type { Command } from '../../shell/sh.ts'
import { rawShell } from '../../shell/sh.ts'
import { allowed, userName, wholeNumber } from '../check.ts'
import type { PathSeen } from '../paths.ts'
import type { Handler, Resource } from '../resource.ts'
import { absentFile } from './absent-file.ts'
import type { FileWanted } from './file.ts'
import { file } from './file.ts'

export interface LogrotateOptions {
  /** Name of the file in /etc/logrotate.d. */
  readonly name: string
  /** Absolute paths; `*` stands for any part of a name. */
  readonly paths: readonly string[]
  /** `daily` unless told. */
  readonly every?: 'hourly' | 'daily' | 'weekly' | 'monthly'
  /** Also as soon as it is larger: `100M`. */
  readonly maxSize?: string
  /** How many old ones stay; 14 unless told. */
  readonly keep?: number
  /** true unless told; the newest old one is left as it is, since it may still be written. */
  readonly compress?: boolean
  /** Who rotates logs in a folder that root does not own, and owns the new file. */
  readonly owner?: string
  readonly group?: string
  /** The file is copied and emptied, for programs that cannot open it anew; a few lines may be lost. */
  readonly copyTruncate?: boolean
  /** Once after any was rotated: sh`systemctl kill -s USR1 nginx`. */
  readonly after?: Command
  readonly notify?: readonly Handler[]
}

const nameOf = (name: string): string => allowed('logrotate name', name, /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/)
const pathOf = (name: string): string => `/etc/logrotate.d/${nameOf(name)}`

/** It ends its own scripts at a line that says so, and reads comments nowhere in them. */
function script(name: string, { text, stdin }: Command): string[] {
  if (
    stdin !== undefined ||
    text.split('\n').some(line => /^\s*endscript\b/.test(line)) ||
    text.includes('\0')
  ) {
    throw new ConfigError(`logrotate ${name}: its command has a stdin, or a line that ends it`)
  }
  return ['  sharedscripts', '  postrotate', ...text.split('\n').map(line => `    ${line}`), '  endscript']
}

/** How a program's own log files are rotated; logrotate itself reads the new configuration before it replaces the old. */
export function logrotate(options: LogrotateOptions): Resource<FileWanted, PathSeen> {
  const {
    name,
    paths,
    every = 'daily',
    maxSize,
    compress = true,
    copyTruncate = false,
    notify = [],
  } = options
  const path = pathOf(name)
  if (paths.length === 0) throw new ConfigError(`logrotate ${name}: want at least one path`)
  const logs = paths.map(item => allowed('log path', item, /^(\/(?!\.\.?(\/|$))[A-Za-z0-9*_.@+ -]+)+$/))
  const owner = options.owner === undefined ? undefined : userName(options.owner)
  const group = userName(options.group ?? owner ?? 'root')
  const lines = [
    '# Written by fleet.',
    `${logs.map(item => `"${item}"`).join(' ')} {`,
    ...(owner === undefined ? [] : [`  su ${owner} ${group}`]),
    `  ${every}`,
    ...(maxSize === undefined ? [] : [`  maxsize ${allowed('maxSize', maxSize, /^[1-9]\d*[kMG]$/)}`]),
    `  rotate ${wholeNumber('keep', options.keep ?? 14, 0, 10_000)}`,
    '  missingok',
    '  notifempty',
    ...(compress ? ['  compress', '  delaycompress'] : ['  nocompress']),
    ...(copyTruncate ? ['  copytruncate'] : []),
    ...(options.after ? script(name, options.after) : []),
    '}',
  ]
  const check =
    rawShell(`command -v logrotate >/dev/null || { echo 'logrotate is not installed' >&2; exit 1; }
said=$(logrotate -d "$1" 2>&1) && ! printf '%s\\n' "$said" | grep '^error:'`)
  return {
    ...file({ path, content: `${lines.join('\n')}\n`, check, notify }),
    id: `logrotate ${name}`,
  }
}

/** No such configuration of logrotate; what it has rotated stays. */
export const absentLogrotate = (name: string): Resource<string, PathSeen> => ({
  ...absentFile(pathOf(name)),
  id: `logrotate ${name}`,
})
