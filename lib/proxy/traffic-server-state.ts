import type { NotedFlip } from './proxy.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { notedFlip } from './noted-flip.ts'
import { PATHS } from './slot-look.ts'
import { TRAFFIC_SERVER_PATHS, trafficServerHome } from './traffic-server-paths.ts'

/**
 * Reads slots (`name address`), what each was told before (`name address admin`), and changes on stdin; writes what each
 * is told now. All that was kept of the answers is another generation's, and so never given again, when a slot begins to
 * take requests or the last one of its colour ends: then another release may answer. A generation is a number of seconds
 * since 2020, which fits Traffic Server's 31 bits until 2088, and so never comes twice, not even on a host made anew.
 */
const PLAN = `
function colour(name) { return name ~ /-blue$/ ? "blue" : "green" }
kind == "slots" { if ($1 != "check") { order[++count] = $1; address[$1] = $2; admin[$1] = "maint" } next }
kind == "old" && $1 == "generation" { generation = $2; next }
kind == "old" { if ($1 in address) { admin[$1] = $3; if ($3 == "ready") { was[$1] = 1; had[colour($1)] = 1 } } next }
NF { if ($1 in address) admin[$1] = $2; else { print "Traffic Server knows no slot " $1 " of " service >"/dev/stderr"; bad = 1 } }
END {
  if (bad) exit 1
  for (i = 1; i <= count; i++) {
    name = order[i]
    if (admin[name] != "ready") continue
    has[colour(name)] = 1
    if (!(name in was)) other = 1
  }
  for (each in had) if (!(each in has)) other = 1
  if (other || generation == "") generation = generation + 1 > now ? generation + 1 : now
  print "generation " generation
  for (i = 1; i <= count; i++) print order[i], address[order[i]], admin[order[i]]
}`

/** Functions that `set` and the first layout share. They expect `service`, `home` and `slots`, and hold the lock. */
const FUNCTIONS = `
exec 9>>"$home/lock"; flock -w 60 9 || { echo "another command holds the slots of $service" >&2; exit 1; }
rm -f "$home"/.new.*
new=$home/.new.$$; trap 'rm -f "$new"' EXIT
old=/dev/null; [ ! -f "$home/state" ] || old=$home/state
plan() {
  printf '%s\\n' "$1" | awk -v service="$service" -v now="$(( $(date +%s) - 1577836800 ))" '${PLAN.trim()}' \\
    kind=slots "$slots" kind=old "$old" kind=change - >"$new"
}
commit() { cmp -s "$new" "$old" || { chmod 644 "$new"; sync "$new"; mv -fT "$new" "$home/state"; sync "$home"; }; }`

const begin = (service: string): Command => sh`service=${service}; home=${trafficServerHome(service)}`

/**
 * Makes the state of a service with the slots on stdin; what serves stays as it is. The slots take their place last, so
 * that whatever cuts it off is done again.
 */
export const layoutCommand = (service: string): Command => sh`${begin(service)}
umask 022; mkdir -p "$home"; slots=$home/.slots; cat >"$slots"
${rawShell(FUNCTIONS)}
plan ''
commit
sync "$slots"; mv -f "$slots" "$home/slots"; sync "$home"`

/** Asks Traffic Server itself; its answer stands in \`answer\`. */
export const ASK: string = sh`ask() {
  answer=$(curl --silent --max-time 5 --noproxy '*' --header ${`Host: ${TRAFFIC_SERVER_PATHS.host}`} "http://127.0.0.1/$1") &&
    case $answer in 'version '*) ;; *) false;; esac
}`.text

/**
 * Tells slots what they are, in one execution. What serves is a file that Traffic Server reads for each request: renamed
 * over the old one it holds for the next request of every connection.
 */
export function setCommand(service: string, changes: string, flip?: NotedFlip): Command {
  const { before, after } = notedFlip(service, flip)
  return sh`set -eu
${rawShell(before)}
${begin(service)}; slots=$home/slots; began=$(date +%s%N)
[ -f "$slots" ] || { echo "Traffic Server knows no service $service" >&2; exit 1; }
umask 022
${rawShell(FUNCTIONS)}
${rawShell(ASK)}
${rawShell(PATHS)}
plan ${changes}
paths ${changes}
ask "$service" || { echo 'Traffic Server does not answer' >&2; exit 1; }
commit
${rawShell(after)}
echo "took $(( $(date +%s%N) - began ))"`
}
