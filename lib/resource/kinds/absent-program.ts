import { quote } from '../../shell/quote.ts'
import { allowed } from '../check.ts'
import type { Kind, Resource } from '../resource.ts'

export interface AbsentProgramSeen {
  readonly file: boolean
  /** Its processes that supervisor knows: `worker_00`. */
  readonly processes: readonly string[]
}

/** Seconds. A worker may be told to end its work first. */
const PATIENCE = 1800

const SEPARATOR = '=status='
const pathOf = (name: string): string => `/etc/supervisor/conf.d/${name}.conf`

export const absentProgramKind: Kind<string, AbsentProgramSeen> = {
  name: 'absent program',
  observe: names => `${names
    .map(name => `[ -e ${quote(pathOf(name))} ] && echo there || echo absent`)
    .join('\n')}
echo ${SEPARATOR}
supervisorctl status 2>/dev/null || :`,
  parse(output, names) {
    const [files = '', status = ''] = output.split(`${SEPARATOR}\n`)
    const lines = files.split('\n')
    const known = status.split('\n').flatMap(line => line.split(/\s+/)[0] ?? [])
    return names.map((name, index) => ({
      file: lines[index] === 'there',
      processes: known.filter(each => each.replace(/_\d\d$/, '') === name && each !== name),
    }))
  },
  diff(_, { file, processes }) {
    if (!file && processes.length === 0) return undefined
    return { action: 'remove', detail: `stop ${processes.length} first` }
  },
  act: (name, { processes }) => [
    {
      title: `stop and remove program ${name}`,
      // Stopped before its file goes: should that fail, it is still found.
      script: `${processes.length > 0 ? `supervisorctl stop ${processes.map(quote).join(' ')}\n` : ''}rm -f ${quote(pathOf(name))}
command -v supervisorctl >/dev/null || exit 0
supervisorctl reread
${processes.length > 0 ? `supervisorctl update ${processes.map(quote).join(' ')}` : ':'}`,
      timeout: PATIENCE,
    },
  ],
}

/**
 * No program of ours with this name in supervisor: each process ends its work, then its file goes. Logs stay.
 * The name may be one that we would not give: it is that of a file that lies there.
 */
export function absentProgram(name: string): Resource<string, AbsentProgramSeen> {
  const wanted = allowed('program name', name, /^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,199}$/)
  return { id: `supervisor ${wanted}`, kind: absentProgramKind, wanted, notify: [] }
}
