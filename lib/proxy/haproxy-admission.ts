import { CommandError } from '../errors.ts'
import type { Admission, AdmissionChange } from './proxy.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { HAPROXY_PATHS, SAY } from './haproxy-paths.ts'

/** Prints the proxy's clock in milliseconds, and its map. */
export const admissionCommand: Command = sh`${rawShell(SAY)}
date +%s%3N; say ${`show map ${HAPROXY_PATHS.map}`}`

/** Reads what `admissionCommand` printed; lines of the map are `0x55d0 web/maintenance on`. Throws for one that is unknown. */
export function parseAdmission(output: string, service: string, host: string): Admission {
  const [clock = '', ...lines] = output.split('\n')
  if (!lines.every(line => line.trim() === '' || /^0x[0-9a-f]+ /.test(line))) {
    throw new CommandError('HAProxy was set up before maintenance and pauses were known', {
      host,
      hint: 'fleet deploy',
    })
  }
  const values = new Map(
    lines.map(line => {
      const [, key = '', value = ''] = line.split(' ')
      return [key, value] as const
    }),
  )
  return {
    maintenance: values.has(`${service}/maintenance`),
    heldMilliseconds: Math.max(0, Number(values.get(`${service}/hold`) ?? 0) - Number(clock) || 0),
  }
}

/**
 * Tells HAProxy without a reload, and then writes its whole map down, aside and then renamed. Prints `changed` when
 * anything was otherwise, in HAProxy or in the file: one that was killed in between is finished by the next.
 */
export function admitCommand(service: string, { maintenance, holdSeconds }: AdmissionChange): Command {
  const tell = [
    ...(maintenance === undefined ? [] : [sh`tell ${`${service}/maintenance`} ${maintenance ? 'on' : ''}`]),
    ...(holdSeconds === undefined
      ? []
      : holdSeconds > 0
        ? [sh`tell ${`${service}/hold`} $(( $(date +%s%3N) + ${Math.round(holdSeconds * 1000)} ))`]
        : [sh`tell ${`${service}/hold`} ''`]),
  ]
  return sh`set -eu
${rawShell(SAY)}
map=${HAPROXY_PATHS.map}; changed=0
${rawShell(TELL)}
known=$(say "show map $map")
case $known in 0x*|'') ;; *) printf '%s\n' "$known" >&2; exit 1;; esac
${rawShell(tell.map(({ text }) => text).join('\n'))}
umask 022; new=$map.$$; trap 'rm -f "$new"' EXIT
say "show map $map" | awk 'NF >= 3 { print $2, $3 }' >"$new"
cmp -s "$new" "$map" || { changed=1; sync "$new"; mv "$new" "$map"; }
[ "$changed" = 0 ] || echo changed`
}

const TELL = `tell() {
  old=$(printf '%s\\n' "$known" | awk -v key="$1" '$2 == key { print $3; exit }')
  [ "$old" != "$2" ] || return 0
  changed=1
  if [ -z "$2" ]; then answer=$(say "del map $map $1")
  elif [ -z "$old" ]; then answer=$(say "add map $map $1 $2")
  else answer=$(say "set map $map $1 $2"); fi
  case $answer in *[![:space:]]*) printf '%s\\n' "$answer" >&2; exit 1;; esac
}`
