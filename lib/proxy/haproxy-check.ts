import { rawShell, sh, type Command } from '../shell/sh.ts'
import { HAPROXY_PATHS } from './haproxy-paths.ts'

/**
 * Servers that take requests now, against where a new configuration says that they are. A whole host behind a proxy is no
 * slot: it has no other one, and has to be moved as it is.
 */
const MOVED = `
FNR == 1 { file++ }
file == 1 {
  known[$2 "/" $4] = 1
  if ($1 ~ /^[0-9]+$/ && $7 % 2 == 0 && int($7 / 8) % 2 == 0) live[$2 "/" $4] = $5 ":" $19
  next
}
$1 == "backend" { backend = $2 }
$1 == "server" {
  at = $3; gsub(/[][]/, "", at); name = backend "/" $2
  other = name
  if (!sub(/-blue$/, "-green", other)) sub(/-green$/, "-blue", other)
  if (at ~ /^[0-9a-fA-F.:]+$/ && name in live && other in known && live[name] != at) {
    print name " serves at " live[name] " and would be looked for at " at ": change the port of the slot that is idle, swap, then change the other"
    moved = 1
  }
}
END { exit moved }`

/**
 * Says whether a new configuration ("$1") is good: to HAProxy itself, and to those whom a slot serves right now. One whose
 * address or port has changed in the fleet file still runs where it was started.
 */
export const HAPROXY_CHECK: Command = sh`haproxy -c -q -f "$1" && {
  now=$(printf 'show servers state\n' | socat -t 10 - UNIX-CONNECT:${HAPROXY_PATHS.socket} 2>/dev/null) || now=
  printf '%s\n' "$now" | awk '${rawShell(MOVED.trim())}' - "$1" >&2
}`
