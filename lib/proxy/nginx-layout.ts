import type { NotedFlip } from './proxy.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { notedFlip } from './noted-flip.ts'
import { NGINX_PATHS, nginxHome } from './nginx-paths.ts'
import { PATHS } from './slot-look.ts'

/**
 * Reads slots (`name address`), what each was told before, and changes on stdin; writes what each is told now, and the
 * servers of the groups that this needs: those that are ready, those of the same hosts' other slot, and each slot whole.
 */
const PLAN = `
kind == "slots" { if ($1 != "check") { order[++count] = $1; address[$1] = $2; admin[$1] = "maint" } next }
kind == "old" { if ($1 in address) admin[$1] = $2; next }
NF { if ($1 in address) admin[$1] = $2; else { print "nginx knows no slot " $1 " of " service >"/dev/stderr"; bad = 1 } }
END {
  if (bad) exit 1
  for (i = 1; i <= count; i++) {
    name = order[i]
    print name, admin[name] >(out "/servers")
    other = name
    if (!sub(/-blue$/, "-green", other)) sub(/-green$/, "-blue", other)
    line = "    server " address[name] " max_fails=2 fail_timeout=2s;"
    if (admin[name] == "ready") print line >(out "/group")
    if (admin[other] == "ready") print line >(out "/other")
    print line >(out (name ~ /-blue$/ ? "/blue" : "/green"))
  }
}`

/** Functions that `set` and the first layout share. They expect `service`, `home` and `slots`, and hold the lock. */
const FUNCTIONS = `
exec 9>>"$home/lock"; flock -w 60 9 || { echo "another command holds the slots of $service" >&2; exit 1; }
rm -rf "$home"/.new.*
tmp=$(mktemp -d "$home/.new.XXXXXX"); chmod 755 "$tmp"; trap 'rm -rf "$tmp"' EXIT
old=/dev/null; [ ! -f "$home/current/servers" ] || old=$home/current/servers
plan() {
  : >"$tmp/group"
  printf '%s\\n' "$1" | awk -v service="$service" -v out="$tmp" '${PLAN.trim()}' kind=slots "$slots" kind=old "$old" kind=change -
  group=$(name "$tmp/group")
  state=$group.$(cat "$tmp/servers" "$tmp/group" | sha256sum | cut -c1-16)
}
name() {
  if [ -s "$1" ]; then echo "$service-$(sha256sum <"$1" | cut -c1-12)"; else echo none; fi
}
groups() {
  known=''; variable=fleet_known_$(echo "$service" | tr - _)
  for file in "$tmp/group" "$tmp/other" "$tmp/blue" "$tmp/green" "$home/current/group"; do
    [ -s "$file" ] || continue
    name=$(name "$file")
    case "$known " in *" $name "*) continue;; esac
    known="$known $name"
    printf 'upstream %s {\\n    zone %s 256k;\\n    least_conn;\\n' "$name" "$name"; cat "$file"
    printf '    keepalive 64;\\n    keepalive_timeout 1s;\\n}\\n'
    printf 'upstream %s-once {\\n    zone %s-once 256k;\\n    least_conn;\\n' "$name" "$name"; cat "$file"; echo '}'
  done
  echo "map \\$arg_group \\$$variable {"; echo '    default no;'
  for name in none $known; do echo "    $name yes;"; done; echo '}'
}
commit() {
  mkdir -p "$home/states"
  find "$home/states" -mindepth 1 -maxdepth 1 -mtime +1 ! -name "$state" ! -name "$(basename "$(readlink "$home/current" || echo none)")" \\
    -exec rm -rf {} +
  if [ ! -d "$home/states/$state" ]; then
    mkdir -m 755 "$tmp/state"; cp "$tmp/servers" "$tmp/group" "$tmp/state/"; chmod 644 "$tmp/state"/*
    sync "$tmp/state/servers" "$tmp/state/group" "$tmp/state"; mv -T "$tmp/state" "$home/states/$state"; sync "$home/states"
  fi
  ln -s "states/$state" "$tmp/current"; mv -fT "$tmp/current" "$home/current"; sync "$home"
}`

const begin = (service: string): Command =>
  sh`service=${service}; home=${nginxHome(service)}; config=${NGINX_PATHS.config}`

/**
 * Makes what a service's slots on stdin need: the groups of servers for nginx to know. What serves stays as it is. The
 * slots take their place last, so that whatever cuts it off is done again.
 */
export const layoutCommand = (service: string): Command => sh`${begin(service)}
umask 022; mkdir -p "$home"; slots=$home/.slots; cat >"$slots"
${rawShell(FUNCTIONS)}
plan ''
groups >"$tmp/groups.conf"
cmp -s "$tmp/groups.conf" "$home/groups.conf" || { sync "$tmp/groups.conf"; mv -f "$tmp/groups.conf" "$home/groups.conf"; }
[ -e "$home/current/servers" ] || commit
sync "$slots"; mv -f "$slots" "$home/slots"; sync "$home"`

/**
 * Tells slots what they are, in one execution. What serves is a link that nginx follows for each request: renamed over
 * the old one it holds for the next request of every connection, and needs no reload. Only servers that have not stood
 * in one group before need one; that group is checked and loaded before any request can go there.
 */
export function setCommand(service: string, changes: string, flip?: NotedFlip): Command {
  const { before, after } = notedFlip(service, flip)
  return sh`set -eu
${rawShell(before)}
${begin(service)}; slots=$home/slots; began=$(date +%s%N)
[ -f "$slots" ] || { echo "nginx knows no service $service" >&2; exit 1; }
umask 022
${rawShell(FUNCTIONS)}
ask() { curl --silent --fail --max-time 5 --noproxy '*' --header ${`Host: ${NGINX_PATHS.host}`} "http://127.0.0.1/$service?group=$1"; }
${rawShell(PATHS)}
plan ${changes}
paths ${changes}
answer=$(ask "$group") || { echo 'nginx does not answer for the service' >&2; exit 1; }
if [ "$group" != none ] && { [ "$answer" = "${rawShell('${answer% yes}')}" ] || ! grep -q "^upstream $group " "$home/groups.conf"; }; then
  groups >"$tmp/groups.conf"
  sed "s#$home/groups[.]conf#$tmp/groups.conf#" "$config" >"$tmp/nginx.conf"
  nginx -t -q -c "$tmp/nginx.conf"
  sync "$tmp/groups.conf"; mv -f "$tmp/groups.conf" "$home/groups.conf"; sync "$home"
  ${NGINX_PATHS.reload} 9>&-
  ask "$group" | grep -q ' yes$' || { echo "nginx does not know the group $group" >&2; exit 1; }
fi
[ "$(readlink "$home/current")" = "states/$state" ] || commit
${rawShell(after)}
echo "took $(( $(date +%s%N) - began ))"`
}
