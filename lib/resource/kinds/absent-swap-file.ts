import { quote } from '../../shell/quote.ts'
import { absolutePath, allowed } from '../check.ts'
import type { Kind, Resource } from '../resource.ts'
import { rewriteFile } from './rewrite.ts'

/** What is left of a swap file: `in use`, `file`, `fstab`. */
export type AbsentSwapFileSeen = readonly string[]

const env = (path: string): string => `path=${quote(path)}`
const MINE = '($1 "") == (ENVIRON["path"] "") && $3 == "swap"'

export const absentSwapFileKind: Kind<string, AbsentSwapFileSeen> = {
  name: 'absent swap file',
  observe: paths =>
    paths
      .map(
        path => `${env(path)}; export path
awk '($1 "") == (ENVIRON["path"] "") { print "in use" }' /proc/swaps
[ ! -e "$path" ] || echo file
[ ! -f /etc/fstab ] || awk '${MINE} { print "fstab"; exit }' /etc/fstab
echo =`,
      )
      .join('\n'),
  parse(output, paths) {
    const parts = output.split(/^=\n/m)
    return paths.map((_, index) => (parts[index] ?? '').split('\n').filter(Boolean))
  },
  diff: (_, seen) => (seen.length > 0 ? { action: 'remove', detail: seen.join(', ') } : undefined),
  act(path, seen) {
    const fstab = `[ ! -f /etc/fstab ] || (\n${rewriteFile('/etc/fstab', `${env(path)} awk '!(${MINE})'`)}\n)`
    const script = [
      ...(seen.includes('in use') ? [`swapoff ${quote(path)}`] : []),
      ...(seen.includes('fstab') ? [fstab] : []),
      `rm -f ${quote(path)}`,
    ].join('\n')
    return [{ title: `remove swap ${path}`, script }]
  },
}

/** No swap file there: what is in it goes back to memory first, which fails when it does not fit. */
export function absentSwapFile(path = '/swapfile'): Resource<string, AbsentSwapFileSeen> {
  const wanted = allowed('swap file', absolutePath(path), /^[A-Za-z0-9_./-]+$/)
  return { id: `swap ${wanted}`, kind: absentSwapFileKind, wanted, notify: [] }
}
