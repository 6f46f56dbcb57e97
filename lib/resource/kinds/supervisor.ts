import { quote } from '../../shell/quote.ts'
import { allowed } from '../check.ts'
import type { Handler, Resource } from '../resource.ts'
import { fileWanted } from './file.ts'
import type { FileBacked, FileBackedSeen } from './file-backed.ts'
import { fileBacked } from './file-backed.ts'
import type { SupervisorOptions } from './supervisor-config.ts'
import { processNames, supervisorConfig } from './supervisor-config.ts'

export interface SupervisorWanted extends FileBacked {
  readonly name: string
  readonly programs: readonly string[]
}

/** State of each of its programs that supervisor knows: `RUNNING`, `STOPPED`, ... */
export type SupervisorLive = ReadonlyMap<string, string>

const DOWN = new Set(['STOPPED', 'FATAL', 'BACKOFF', 'UNKNOWN'])

/** Only what changed under this name is stopped or started: programs that did not change keep running. */
function update(name: string, programs: readonly string[], patience: number): string {
  return `said=$(supervisorctl reread) || { printf '%s\\n' "$said"; exit 1; }
case $said in *ERROR*) printf '%s\\n' "$said"; exit 1 ;; esac
changed=$(printf '%s\\n' "$said" | sed -n 's/^\\(${name}_[0-9][0-9]\\): .*/\\1/p')
[ -z "$changed" ] || supervisorctl update $changed
[ ${programs.length} -gt 0 ] || exit 0
state() { supervisorctl status ${programs.map(quote).join(' ')} || [ $? -eq 3 ]; }
down=$(state | awk '$2 == "STOPPED" || $2 == "FATAL" { print $1 }')
[ -z "$down" ] || supervisorctl start $down || :
waited=0
while state | grep -q -e ' STARTING ' -e ' BACKOFF ' && [ $waited -lt ${patience} ]; do sleep 1; waited=$((waited + 1)); done
state
! state | grep -q -e ' FATAL ' -e ' BACKOFF ' -e 'no such process'`
}

export const supervisorKind = fileBacked<SupervisorWanted, SupervisorLive>({
  name: 'supervisor program',
  observe: () => 'supervisorctl status 2>/dev/null || :',
  parse(output, wanted) {
    const lines = output.split('\n').map(line => line.split(/\s+/))
    return wanted.map(({ name }) => {
      const mine = lines.filter(
        ([program = '']) => program.replace(/_\d\d$/, '') === name && program !== name,
      )
      return new Map(mine.map(([program = '', state = '']) => [program, state]))
    })
  },
  differs({ programs }, live) {
    const missing = programs.filter(program => !live.has(program))
    const extra = [...live.keys()].filter(program => !programs.includes(program))
    const down = programs.filter(program => DOWN.has(live.get(program) ?? ''))
    return [
      ...(missing.length > 0 ? [`start ${missing.length} more`] : []),
      ...(extra.length > 0 ? [`stop ${extra.length}`] : []),
      ...(down.length > 0 ? [`${down.length} down`] : []),
    ]
  },
  /** Its own handler does it. */
  load: () => [],
})

/**
 * A program that supervisor keeps running, as `<name>_00`, `<name>_01` and so on. The configuration is for root alone.
 * Zero processes leave none; then remove the file with `absentFile`.
 */
export function supervisorProgram(
  options: SupervisorOptions & { readonly notify?: readonly Handler[] },
): Resource<SupervisorWanted, FileBackedSeen<SupervisorLive>> {
  const content = supervisorConfig(options)
  const { name, processes = 1, stopSeconds = 10, startSeconds = 1 } = options
  const programs = processNames(name, processes)
  const path = `/etc/supervisor/conf.d/${allowed('program name', name, /^[A-Za-z0-9-]+$/)}.conf`
  const handler: Handler = {
    id: `supervisor update ${name}`,
    script: update(name, programs, startSeconds + 10),
    timeout: 300 + stopSeconds * 2 + startSeconds,
  }
  const wanted = { name, programs, file: fileWanted({ path, content, mode: 0o600 }) }
  return {
    id: `supervisor ${name}`,
    kind: supervisorKind,
    wanted,
    notify: [handler, ...(options.notify ?? [])],
  }
}
