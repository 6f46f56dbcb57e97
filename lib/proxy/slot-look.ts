import { sh } from '../shell/sh.ts'

/** Prints who is connected to the slots in `$home/slots`, apart from the checks themselves. */
export const SESSIONS = `echo '== sessions'
filter=$(awk '$1 != "check" { printf "%sdst %s", separator, $2; separator = " or " }' "$home/slots")
ss -Htnp state established state syn-sent state close-wait "( $filter )" | grep -v '"curl"' || true`

/** What curl is to ask, for lines of `name address`; the first line is how. */
const QUESTIONS = `$1 == "check" { host = $2; path = $3; next }
{
  if (count++) print "next"
  printf "url = \\"http://%s%s\\"\\nheader = \\"Host: %s\\"\\nheader = \\"X-Forwarded-Proto: https\\"\\n", $2, path, host
  printf "user-agent = \\"fleetfile-health\\"\\noutput = \\"/dev/null\\"\\nmax-time = 2\\n"
  printf "write-out = \\"%s %%{http_code} %%{errormsg}\\\\n\\"\\n", $1
}`

/**
 * Asks the slots that are lines of `$list` for their health, as `$home/slots` says how, a second time where it fails: one
 * lost packet is no illness.
 */
export const CHECKS: string = sh`ask() {
  [ ! -s "$list" ] || { sed -n 1p "$home/slots"; cat "$list"; } | awk ${QUESTIONS} |
    curl --silent --globoff --noproxy '*' --parallel --parallel-immediate --config - 2>/dev/null || true
}
echo '== checks'; ask >"$list.1"; cat "$list.1"
awk 'NR == FNR { code[$1] = $2; next } code[$1] != "200"' "$list.1" "$list" >"$list.2"; mv "$list.2" "$list"
[ ! -s "$list" ] || { sleep 0.3; ask; }`.text
