import { quote } from '../../shell/quote.ts'
import { absolutePath, allowed, wholeNumber } from '../check.ts'
import type { Kind, Resource } from '../resource.ts'

export interface SwapFileOptions {
  /** /swapfile unless told. */
  readonly path?: string
  readonly mebibytes: number
}

export interface SwapFileWanted {
  readonly path: string
  readonly mebibytes: number
}

export interface SwapFileSeen {
  /** Why this host can have none. */
  readonly unsupported: string | undefined
  /** KiB in use as swap; undefined when it is not. */
  readonly kibibytes: number | undefined
  readonly atBoot: boolean
}

const observe = (wanted: readonly SwapFileWanted[]): string => `
for path in ${wanted.map(({ path }) => quote(path)).join(' ')}; do
  folder=\${path%/*}
  type=$(stat -f -c %T "\${folder:-/}" 2>/dev/null)
  if [ -e /.dockerenv ] || [ -e /run/systemd/container ] || [ -e /run/.containerenv ]; then why=container
  else case $type in ext2/ext3 | xfs) why=- ;; *) why=\${type:-unknown} ;; esac; fi
  while read -r file _ size _; do [ "$file" != "$path" ] || break; size=-; done </proc/swaps
  boot=no
  while read -r file _ type _; do [ "$file $type" != "$path swap" ] || boot=yes; done </etc/fstab
  echo "$why \${size:--} $boot"
done`

export const swapFileKind: Kind<SwapFileWanted, SwapFileSeen> = {
  name: 'swap file',
  observe,
  parse(output, wanted) {
    const lines = output.split('\n').filter(Boolean)
    return wanted.map((_, index) => {
      const [why = 'unknown', size = '-', boot] = (lines[index] ?? '').split(' ')
      return {
        unsupported: why === '-' ? undefined : why,
        kibibytes: size === '-' ? undefined : Number(size),
        atBoot: boot === 'yes',
      }
    })
  },
  diff({ mebibytes }, { unsupported, kibibytes, atBoot }) {
    if (unsupported !== undefined) return undefined
    if (kibibytes === undefined) return { action: 'create', detail: `${mebibytes} MiB` }
    const seen = Math.round(kibibytes / 1024)
    // The header takes a page or two off the size.
    if (Math.abs(seen - mebibytes) > 1) return { action: 'change', detail: `${seen} -> ${mebibytes} MiB` }
    return atBoot ? undefined : { action: 'change', detail: 'add to fstab' }
  },
  act({ path, mebibytes }) {
    const script = `umask 077
path=${quote(path)}
grep -q "^$path " /proc/swaps && swapoff "$path"
rm -f "$path"
trap '[ $? -eq 0 ] || rm -f "$path"' EXIT
fallocate -l ${mebibytes}M "$path" || dd if=/dev/zero of="$path" bs=1M count=${mebibytes}
mkswap "$path"
swapon "$path"
grep -q "^$path[[:space:]]" /etc/fstab || printf '%s none swap sw 0 0\\n' "$path" >>/etc/fstab`
    return [{ title: `make swap ${path}`, script }]
  },
  note: (_, { unsupported }) => (unsupported === undefined ? undefined : `no swap file here: ${unsupported}`),
}

/** A file for swapping, on now and at each boot. Left alone, with a note, where the host can have none. */
export function swapFile(options: SwapFileOptions): Resource<SwapFileWanted, SwapFileSeen> {
  const path = allowed('swap file', absolutePath(options.path ?? '/swapfile'), /^[A-Za-z0-9_./-]+$/)
  const wanted = { path, mebibytes: wholeNumber('swap size', options.mebibytes, 16, 1_048_576) }
  return { id: `swap ${path}`, kind: swapFileKind, wanted, notify: [] }
}
