import { rawShell, sh, type Command } from '../shell/sh.ts'
import { CHECKS, SESSIONS } from './slot-look.ts'
import { trafficServerHome } from './traffic-server-paths.ts'
import { ASK } from './traffic-server-state.ts'

/**
 * Prints all there is to know of a service, each item after a line `== name`. Traffic Server itself says what it takes
 * for its next request and how many it has sent where. What is not `maint` is asked for its health from here.
 */
export const lookCommand = (service: string): Command => sh`set -eu
home=${trafficServerHome(service)}; service=${service}
${rawShell(ASK)}
ask "$service" || { echo "Traffic Server does not answer for $service" >&2; exit 1; }
list=$(mktemp); trap 'rm -f "$list" "$list".*' EXIT
printf '%s\n' "$answer" | awk 'NF == 5' >"$list.live"
echo '== slots'; cat "$home/slots"
echo '== servers'; awk '{ print $1, $3 }' "$list.live"
${rawShell(SESSIONS)}
echo '== counts'; awk '{ print $2, $4, $5 }' "$list.live"
servers=$list.servers; awk '{ print $1, $3 }' "$list.live" >"$servers"
${rawShell(CHECKS)}`
