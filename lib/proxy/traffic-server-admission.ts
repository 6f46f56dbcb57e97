import type { AdmissionChange } from './proxy.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { trafficServerHome } from './traffic-server-paths.ts'

const begin = (service: string): Command =>
  sh`set -eu
home=${trafficServerHome(service)}; umask 022
[ -f "$home/slots" ] || { echo ${`Traffic Server knows no service ${service}`} >&2; exit 1; }`

/** Prints the proxy's clock in milliseconds, when a hold ends, and whether there is maintenance. */
export const admissionCommand = (service: string): Command => sh`${begin(service)}
date +%s%3N
cat "$home/hold" 2>/dev/null || true; echo
if [ -e "$home/maintenance" ]; then echo on; else echo off; fi`

const SHUT = `[ -e "$home/maintenance" ] || { : >"$home/maintenance"; sync "$home"; changed=1; }`
const OPEN = `[ ! -e "$home/maintenance" ] || { rm -f "$home/maintenance"; sync "$home"; changed=1; }`
const LET_GO = `ends=$(cat "$home/hold" 2>/dev/null || echo 0)
[ "$ends" -le "$(date +%s%3N)" ] || changed=1
rm -f "$home/hold"`

const holdFor = (seconds: number): Command => sh`changed=1
printf %s $(( $(date +%s%3N) + ${Math.round(seconds * 1000)} )) >"$home/hold.new"; mv -f "$home/hold.new" "$home/hold"`

/** Tells Traffic Server by files that it looks for with each request: no reload, and a restart changes nothing. */
export function admitCommand(service: string, { maintenance, holdSeconds }: AdmissionChange): Command {
  const parts = [
    ...(maintenance === undefined ? [] : [maintenance ? SHUT : OPEN]),
    ...(holdSeconds === undefined ? [] : [holdSeconds > 0 ? holdFor(holdSeconds).text : LET_GO]),
  ]
  return sh`${begin(service)}
changed=0
${rawShell(parts.join('\n'))}
[ "$changed" = 0 ] || echo changed`
}
