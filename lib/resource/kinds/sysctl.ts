import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { allowed } from '../check.ts'
import { withHeader } from '../header.ts'
import type { Handler, Resource } from '../resource.ts'
import { fileWanted } from './file.ts'
import type { FileBacked, FileBackedSeen } from './file-backed.ts'
import { fileBacked } from './file-backed.ts'

export interface SysctlOptions {
  /** Name of the file in /etc/sysctl.d, without number and ending. */
  readonly name: string
  readonly values: Readonly<Record<string, string | number>>
  /** Leave out, with a note, what this kernel or container does not have. Without it such a key fails the step. */
  readonly ifPossible?: boolean
  readonly notify?: readonly Handler[]
}

export interface SysctlWanted extends FileBacked {
  readonly values: ReadonlyMap<string, string>
  readonly ifPossible: boolean
}

/** Live value of each key; a key that is missing or cannot be written has none. */
export type SysctlLive = ReadonlyMap<string, string>

const KEY = /^[a-z][a-z0-9_-]*([./][A-Za-z0-9_-]+)+$/
const VALUE = /^[A-Za-z0-9_.,:/|-]+( [A-Za-z0-9_.,:/|-]+)*$/

/** A key's file: no program is needed to read or write it. */
const pathOf = (key: string): string => `/proc/sys/${key.includes('/') ? key : key.replaceAll('.', '/')}`

const keysOf = (wanted: readonly SysctlWanted[]): string[] =>
  wanted.flatMap(({ values }) => [...values.keys()])

/** One `grep` reads them all, whole: the shell's own `read` gets only the first byte of such a file. */
const observe = (wanted: readonly SysctlWanted[]): string => `
files='${keysOf(wanted).map(pathOf).join(' ')}'
grep -sH '' $files
echo =
for file in $files; do [ ! -w "$file" ] || echo "$file"; done`

function parse(output: string, wanted: readonly SysctlWanted[]): SysctlLive[] {
  const lines = output.split('\n')
  const middle = lines.indexOf('=')
  const writable = new Set(lines.slice(middle + 1))
  const read = new Map(
    lines.slice(0, middle).map(line => [line.split(':')[0], line.slice(line.indexOf(':') + 1)]),
  )
  return wanted.map(({ values }) => {
    const live = new Map<string, string>()
    for (const key of values.keys()) {
      const value = read.get(pathOf(key))
      if (value !== undefined && writable.has(pathOf(key)))
        live.set(key, value.trim().replaceAll(/\s+/g, ' '))
    }
    return live
  })
}

const missing = ({ values }: SysctlWanted, live: SysctlLive): string[] =>
  [...values.keys()].filter(key => !live.has(key))

const different = ({ values, ifPossible }: SysctlWanted, live: SysctlLive): [string, string][] =>
  [...values].filter(([key, value]) => live.get(key) !== value && (live.has(key) || !ifPossible))

export const sysctlKind = fileBacked<SysctlWanted, SysctlLive>({
  name: 'sysctl',
  observe,
  parse,
  differs: (wanted, live) =>
    different(wanted, live).map(([key, value]) => `${key} ${live.get(key) ?? 'unsupported'} -> ${value}`),
  load(wanted, live) {
    const lines = different(wanted, live).map(([key, value]) => {
      const file = pathOf(key)
      return `{ printf '%s\\n' ${quote(value)} >${file}; } 2>/dev/null || { echo "this kernel or container refuses ${key}" >&2; exit 1; }`
    })
    return lines.length > 0 ? [{ title: `set ${wanted.file.path} live`, script: lines.join('\n') }] : []
  },
  note(wanted, live) {
    const keys = wanted.ifPossible ? missing(wanted, live) : []
    return keys.length > 0 ? `not here: ${keys.join(', ')}` : undefined
  },
})

/** Kernel parameters, live at once and again at each boot. */
export function sysctl(options: SysctlOptions): Resource<SysctlWanted, FileBackedSeen<SysctlLive>> {
  const name = allowed('sysctl name', options.name, /^[a-z0-9-]{1,40}$/)
  const values = new Map(
    Object.entries(options.values).map(([key, value]) => [
      allowed('sysctl key', key, KEY),
      allowed(`sysctl ${key}`, String(value).trim().replaceAll(/\s+/g, ' '), VALUE),
    ]),
  )
  if (values.size === 0) throw new ConfigError(`sysctl ${name}: want at least one value`)
  const prefix = options.ifPossible ? '-' : ''
  const content = [...values].map(([key, value]) => `${prefix}${key} = ${value}\n`).join('')
  const file = fileWanted({ path: `/etc/sysctl.d/60-${name}.conf`, content: withHeader(content) })
  const wanted = { file, values, ifPossible: options.ifPossible ?? false }
  return { id: `sysctl ${name}`, kind: sysctlKind, wanted, notify: options.notify ?? [] }
}
