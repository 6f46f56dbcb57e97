import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { rawShell } from '../../shell/sh.ts'
import { absolutePath, allowed } from '../check.ts'
import type { Change, Handler, Kind, Resource, Step } from '../resource.ts'
import { rewriteFile } from './rewrite.ts'

export interface MountOptions {
  /** Where; made when it is missing. */
  readonly path: string
  /** `tmpfs`; a folder to show there as well; or a device (`UUID=...`, `/dev/sdb1`) with its file system. */
  readonly from: 'tmpfs' | { readonly bind: string } | { readonly device: string; readonly type: string }
  /** As in fstab: `['size=64m', 'nosuid']`. */
  readonly options?: readonly string[]
  readonly notify?: readonly Handler[]
}

export interface MountWanted {
  readonly path: string
  /** The line of /etc/fstab; undefined when it is not to be mounted. */
  readonly line: string | undefined
}

export interface MountSeen {
  /** Lines of /etc/fstab for this path, in single spaces. */
  readonly lines: readonly string[]
  readonly mounted: boolean
}

const FSTAB = '/etc/fstab'

/** fstab has no quotes: blanks are octal. */
const field = (text: string): string => text.replaceAll(' ', String.raw`\040`)

/** awk's ENVIRON takes a value as it is, backslashes too. */
const env = (path: string): string => `at=${quote(field(path))}`
const MINE = `$1 !~ /^#/ && ($2 "") == (ENVIRON["at"] "")`

const observe = (wanted: readonly MountWanted[]): string =>
  wanted
    .map(
      ({ path }) => `[ ! -f ${FSTAB} ] || ${env(path)} awk '${MINE} { $1 = $1; print }' ${FSTAB}
echo "= $(findmnt -rn -o TARGET -M ${quote(path)} >/dev/null && echo yes || echo no)"`,
    )
    .join('\n')

function parse(output: string, wanted: readonly MountWanted[]): MountSeen[] {
  const parts = output.split(/^= /m)
  return wanted.map((_, index) => {
    const lines = (parts[index] ?? '').split('\n').slice(index === 0 ? 0 : 1)
    return { lines: lines.filter(Boolean), mounted: (parts[index + 1] ?? '').startsWith('yes') }
  })
}

function diff({ line }: MountWanted, { lines, mounted }: MountSeen): Change | undefined {
  if (line === undefined) {
    const parts = [...(mounted ? ['unmount'] : []), ...(lines.length > 0 ? [`- ${lines.join(', ')}`] : [])]
    return parts.length > 0 ? { action: 'remove', detail: parts.join(', ') } : undefined
  }
  const same = lines.length === 1 && lines[0] === line
  if (same && mounted) return undefined
  const text = same ? 'not mounted' : lines.length === 0 ? line : `${lines.join(', ')} -> ${line}`
  return { action: lines.length === 0 ? 'create' : 'change', detail: text }
}

/** Source and type alone: with other options it is mounted anew in place. */
const what = (line: string | undefined): string => {
  const [source, , type] = (line ?? '').split(' ')
  return `${source} ${type}`
}

function act({ path, line }: MountWanted, { lines, mounted }: MountSeen): Step[] {
  const at = quote(path)
  const filter = `${env(path)} awk '!(${MINE})'`
  const reload = 'systemctl daemon-reload'
  if (line === undefined) {
    const unmount = mounted
      ? `umount -- ${at} || { echo 'still used: stop what uses it first' >&2; exit 1; }\n`
      : ''
    const script = `${unmount}[ -f ${FSTAB} ] || exit 0\n${rewriteFile(FSTAB, filter)}\n${reload}`
    return [{ title: `unmount ${path}`, script }]
  }
  const other = lines.length !== 1 || what(lines[0]) !== what(line)
  const replace = mounted && other ? `umount -- ${at}\n` : ''
  const remount = mounted && !other
  const check = rawShell(
    `findmnt --verify --tab-file "$1" 2>&1 | awk '/^[^ ]/ { at = $0; next } at == mine && /\\[E\\]/ { print; bad = 1 } END { exit bad }' mine=${at}`,
  )
  const script = `mkdir -p ${at}
[ -f ${FSTAB} ] || (umask 022; : >${FSTAB})
${rewriteFile(FSTAB, `${filter}\nprintf '%s\\n' ${quote(line)}`, check)}
${reload}
${replace}mount ${remount ? '-o remount ' : ''}-- ${at}`
  return [{ title: `mount ${path}`, script }]
}

export const mountKind: Kind<MountWanted, MountSeen> = { name: 'mount', observe, parse, diff, act }

function lineOf(path: string, { from, options = [] }: MountOptions): string {
  const more = options.map(item => allowed('mount option', item, /^[A-Za-z0-9_][A-Za-z0-9_.:=/@%+-]*$/))
  const words = (list: readonly string[]) => (list.length > 0 ? list.join(',') : 'defaults')
  if (from === 'tmpfs') return `tmpfs ${field(path)} tmpfs ${words(more)} 0 0`
  if ('bind' in from) {
    const source = absolutePath(from.bind)
    if (source === path) throw new ConfigError(`mount ${path}: bound to itself`)
    return `${field(source)} ${field(path)} none ${words(['bind', ...more])} 0 0`
  }
  const device = allowed(
    'device',
    from.device,
    /^(\/dev\/[A-Za-z0-9][A-Za-z0-9_./-]*|(PART)?(UUID|LABEL)=[A-Za-z0-9_.-]+)$/,
  )
  const type = allowed('file system', from.type, /^[a-z][a-z0-9._]*$/)
  return `${device} ${field(path)} ${type} ${words(['nofail', ...more])} 0 2`
}

/**
 * Something mounted now and at each boot, by its line of /etc/fstab; every other line stays. A device that is missing
 * does not stop the boot. Another source is unmounted first, which fails while it is used.
 */
export function mount(options: MountOptions): Resource<MountWanted, MountSeen> {
  const path = absolutePath(options.path)
  const wanted = { path, line: lineOf(path, options) }
  return { id: `mount ${path}`, kind: mountKind, wanted, notify: options.notify ?? [] }
}

/** Nothing mounted there, now or at boot. The folder stays, and what a device holds. */
export function absentMount(path: string): Resource<MountWanted, MountSeen> {
  const wanted = { path: absolutePath(path), line: undefined }
  return { id: `mount ${path}`, kind: mountKind, wanted, notify: [] }
}
