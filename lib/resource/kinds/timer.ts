import { quote } from '../../shell/quote.ts'
import { rawShell } from '../../shell/sh.ts'
import type { PathSeen } from '../paths.ts'
import type { Change, Handler, Kind, Resource, Step } from '../resource.ts'
import type { FileWanted } from './file.ts'
import { fileKind, fileWanted, writeFileStep } from './file.ts'
import type { TimerOptions } from './timer-files.ts'
import { calendarsOf, serviceText, timerName, timerText } from './timer-files.ts'

export interface TimerWanted {
  readonly name: string
  readonly unit: FileWanted
  readonly service: FileWanted
  readonly present: boolean
}

export interface TimerSeen {
  readonly unit: PathSeen
  readonly service: PathSeen
  /** As `systemctl show` has it: `active`, `enabled`. */
  readonly active: string
  readonly file: string
}

const SEPARATOR = '\n=live=\n'

const filesOf = (wanted: readonly TimerWanted[]): FileWanted[] =>
  wanted.flatMap(({ unit, service }) => [unit, service])

const observe = (wanted: readonly TimerWanted[]): string => `${fileKind.observe(filesOf(wanted))}
printf '\\n=live=\\n'
[ -d /run/systemd/system ] || exit 0
for unit in ${wanted.map(({ name }) => `${name}.timer`).join(' ')}; do
  echo $(systemctl show -p ActiveState --value -- $unit) $(systemctl show -p UnitFileState --value -- $unit)
done`

function parse(output: string, wanted: readonly TimerWanted[]): TimerSeen[] {
  const at = output.indexOf(SEPARATOR)
  const files = fileKind.parse(output.slice(0, at), filesOf(wanted))
  const live = output.slice(at + SEPARATOR.length).split('\n')
  return wanted.map((_, index) => {
    const [unit, service] = files.slice(index * 2, index * 2 + 2)
    if (!unit || !service) throw new RangeError('timer: an item was not seen')
    const [active = 'inactive', file = ''] = (live[index] ?? '').split(' ')
    return { unit, service, active, file }
  })
}

function diff({ unit, service, present }: TimerWanted, seen: TimerSeen): Change | undefined {
  if (!present) {
    const there = seen.unit.type !== 'absent' || seen.service.type !== 'absent' || seen.active === 'active'
    return there ? { action: 'remove', detail: 'timer and service' } : undefined
  }
  const parts = [
    ...(fileKind.diff(unit, seen.unit) ? ['timer'] : []),
    ...(fileKind.diff(service, seen.service) ? ['service'] : []),
    ...(seen.file === 'enabled' ? [] : ['enable']),
    ...(seen.active === 'active' ? [] : ['start']),
  ]
  if (parts.length === 0) return undefined
  return { action: seen.unit.type === 'absent' ? 'create' : 'change', detail: parts.join(', ') }
}

function act({ name, unit, service, present }: TimerWanted, seen: TimerSeen): Step[] {
  if (!present) {
    const stop = `[ ! -d /run/systemd/system ] || systemctl disable --now ${name}.timer 2>/dev/null || systemctl stop ${name}.timer || :
systemctl stop ${name}.service 2>/dev/null || :
rm -f ${quote(unit.path)} ${quote(service.path)}
systemctl daemon-reload
systemctl reset-failed ${name}.timer ${name}.service 2>/dev/null || :`
    return [{ title: `remove timer ${name}`, script: stop }]
  }
  const changed = fileKind.diff(unit, seen.unit)
  return [
    ...(changed ? [writeFileStep(unit)] : []),
    ...(fileKind.diff(service, seen.service) ? [writeFileStep(service)] : []),
    {
      title: `start timer ${name}`,
      script: `systemctl daemon-reload
systemctl -q enable ${name}.timer
systemctl ${changed ? 'restart' : 'start'} ${name}.timer`,
    },
  ]
}

export const timerKind: Kind<TimerWanted, TimerSeen> = { name: 'timer', observe, parse, diff, act }

const fileOf = (name: string, content: string, check = '') =>
  fileWanted({
    path: `/etc/systemd/system/${name}`,
    content,
    ...(check !== '' && { check: rawShell(check) }),
  })

/**
 * A command that systemd starts when the calendar says so; its output is in the journal, as of `<name>.service`. systemd
 * itself reads the calendar before anything is written.
 */
export function timer(
  options: TimerOptions & { readonly notify?: readonly Handler[] },
): Resource<TimerWanted, TimerSeen> {
  const name = timerName(options.name)
  const check = `systemd-analyze calendar -- ${calendarsOf(options).map(quote).join(' ')} >/dev/null`
  const wanted = {
    name,
    unit: fileOf(`${name}.timer`, timerText(options), check),
    service: fileOf(`${name}.service`, serviceText(options), check),
    present: true,
  }
  return { id: `timer ${name}`, kind: timerKind, wanted, notify: options.notify ?? [] }
}

/** No such timer nor its service; what runs of it is stopped. */
export function absentTimer(name: string): Resource<TimerWanted, TimerSeen> {
  timerName(name)
  const wanted = {
    name,
    unit: fileOf(`${name}.timer`, ''),
    service: fileOf(`${name}.service`, ''),
    present: false,
  }
  return { id: `timer ${name}`, kind: timerKind, wanted, notify: [] }
}
