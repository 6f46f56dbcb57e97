import type { AdmissionChange } from './proxy.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { NGINX_PATHS, nginxHome } from './nginx-paths.ts'

/**
 * A socket on which requests wait, since nobody answers them; when it is gone, nginx lets them through. So a hold ends
 * with this program, however that ends. The file beside it says until when, and tells nginx that there is a hold.
 */
const HOLD = `use Socket; my ($path, $milliseconds) = @ARGV;
my $end = sub { unlink "$path.until", $path; exit }; $SIG{TERM} = $end;
unlink $path; umask 0; socket(my $socket, PF_UNIX, SOCK_STREAM, 0) or die $!;
bind($socket, sockaddr_un($path)) or die $!; listen($socket, 4096) or die $!;
my $now = qx(date +%s%3N); umask 022;
open(my $file, ">", "$path.new") or die $!; print $file $now + $milliseconds; close $file or die $!;
rename("$path.new", "$path.until") or die $!;
select(undef, undef, undef, $milliseconds / 1000); $end->();`

const begin = (service: string): Command =>
  sh`set -eu
home=${nginxHome(service)}; hold=${`${NGINX_PATHS.hold}${service}`}; unit=${`fleetfile-hold-${service}`}
[ -d "$home" ] || { echo ${`nginx knows no service ${service}`} >&2; exit 1; }`

/** Prints the proxy's clock in milliseconds, when a hold ends, and whether there is maintenance. */
export const admissionCommand = (service: string): Command => sh`${begin(service)}
date +%s%3N
cat "$hold.until" 2>/dev/null || true; echo
if [ -e "$home/maintenance" ]; then echo on; else echo off; fi`

const SHUT = `[ -e "$home/maintenance" ] || { : >"$home/maintenance"; sync "$home"; changed=1; }`
const OPEN = `[ ! -e "$home/maintenance" ] || { rm -f "$home/maintenance"; sync "$home"; changed=1; }`
const LET_GO = `[ ! -e "$hold.until" ] || changed=1
systemctl stop "$unit.service" 2>/dev/null || true
rm -f "$hold.until" "$hold"`

const holdFor = (seconds: number): Command => sh`changed=1
systemctl stop "$unit.service" 2>/dev/null || true
rm -f "$hold.until"
systemd-run --quiet --collect --unit="$unit" perl -e ${HOLD} "$hold" ${Math.round(seconds * 1000)}
for try in $(seq 100); do [ ! -e "$hold.until" ] || break; sleep 0.05; done
[ -e "$hold.until" ] || { echo 'requests cannot be held' >&2; exit 1; }`

/** Tells nginx by files that it looks for with each request: no reload, and a restart changes nothing. */
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
