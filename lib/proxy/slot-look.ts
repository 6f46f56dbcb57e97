import { sh } from '../shell/sh.ts'

/** Prints who is connected to the slots in `$home/slots`, apart from the checks themselves. */
export const SESSIONS = `echo '== sessions'
filter=$(awk '$1 != "check" { printf "%sdst %s", separator, $2; separator = " or " }' "$home/slots")
ss -Htnp state established state syn-sent state close-wait "( $filter )" | grep -v '"curl"' || true`

/** What is to be asked, for each slot that is not `maint`: `name address`, and the path where it has one of its own. */
const ASKED = `kind == "path" { path[$1] = $2; next }
kind == "server" { admin[$1] = $2; next }
$1 != "check" && admin[$1] != "maint" { print $1, $2, path[$1] }`

/** What curl is to ask, for lines of `name address path`; the first line is how. */
const QUESTIONS = `$1 == "check" { host = $2; path = $3; next }
{
  if (count++) print "next"
  printf "url = \\"http://%s%s\\"\\nheader = \\"Host: %s\\"\\nheader = \\"X-Forwarded-Proto: https\\"\\n", $2, ($3 == "" ? path : $3), host
  printf "user-agent = \\"fleetfile-health\\"\\noutput = \\"/dev/null\\"\\nmax-time = 2\\n"
  printf "write-out = \\"%s %%{http_code} %%{errormsg}\\\\n\\"\\n", $1
}`

/**
 * Asks the slots for their health that are not `maint` by the lines `name admin` of `$servers`: each by the path of its own
 * release, else as `$home/slots` says, and a second time where it fails: one lost packet is no illness. Leaves `$list` and
 * files beside it to the caller.
 */
export const CHECKS: string = sh`ask_slots() {
  [ ! -s "$list" ] || { sed -n 1p "$home/slots"; cat "$list"; } | awk ${QUESTIONS} |
    curl --silent --globoff --noproxy '*' --parallel --parallel-immediate --config - 2>/dev/null || true
}
{ cat "$home/paths" 2>/dev/null || :; } | awk ${ASKED} kind=path - kind=server "$servers" kind=slot "$home/slots" >"$list"
echo '== checks'; ask_slots >"$list.1"; cat "$list.1"
awk 'NR == FNR { code[$1] = $2; next } code[$1] != "200"' "$list.1" "$list" >"$list.2"; mv "$list.2" "$list"
[ ! -s "$list" ] || { sleep 0.3; ask_slots; }`.text

/** Notes the paths that slots are asked for, beside those known before: `web1-blue /up`. Expects `home`, which it holds. */
export const PATHS = `paths() {
  told=$(printf '%s\\n' "$1" | awk 'NF > 2 { print $1, $3 }')
  [ -n "$told" ] || return 0
  { cat "$home/paths" 2>/dev/null || :; printf '%s\\n' "$told"; } |
    awk '{ path[$1] = $2 } END { for (name in path) print name, path[name] }' | sort >"$home/.paths"
  cmp -s "$home/.paths" "$home/paths" || { sync "$home/.paths"; mv -f "$home/.paths" "$home/paths"; }
}`
