import { sh } from '../shell/sh.ts'
import type { ToldAdmission } from './told-admission.ts'
import { trafficServerHome } from './traffic-server-paths.ts'

/** Traffic Server's program reads the file of a hold itself. */
export const trafficServerAdmission = (service: string): ToldAdmission => ({
  begin: sh`set -eu
home=${trafficServerHome(service)}; umask 022
[ -f "$home/slots" ] || { echo ${`Traffic Server knows no service ${service}`} >&2; exit 1; }`,
  until: '"$home/hold"',
  holdFor: seconds => sh`changed=1
printf %s $(( $(date +%s%3N) + ${Math.round(seconds * 1000)} )) >"$home/hold.new"; mv -f "$home/hold.new" "$home/hold"`,
  letGo: `ends=$(cat "$home/hold" 2>/dev/null || echo 0)
[ "$ends" -le "$(date +%s%3N)" ] || changed=1
rm -f "$home/hold"`,
})
