import { sh } from '../shell/sh.ts'
import { NGINX_PATHS, nginxHome } from './nginx-paths.ts'
import type { ToldAdmission } from './told-admission.ts'

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

/** nginx has no program that could wait: a hold is a socket beside it. */
export const nginxAdmission = (service: string): ToldAdmission => ({
  begin: sh`set -eu
home=${nginxHome(service)}; hold=${`${NGINX_PATHS.hold}${service}`}; unit=${`fleetfile-hold-${service}`}
[ -d "$home" ] || { echo ${`nginx knows no service ${service}`} >&2; exit 1; }`,
  until: '"$hold.until"',
  holdFor: seconds => sh`changed=1
systemctl stop "$unit.service" 2>/dev/null || true
rm -f "$hold.until"
systemd-run --quiet --collect --unit="$unit" perl -e ${HOLD} "$hold" ${Math.round(seconds * 1000)}
for try in $(seq 100); do [ ! -e "$hold.until" ] || break; sleep 0.05; done
[ -e "$hold.until" ] || { echo 'requests cannot be held' >&2; exit 1; }`,
  letGo: `[ ! -e "$hold.until" ] || changed=1
systemctl stop "$unit.service" 2>/dev/null || true
rm -f "$hold.until" "$hold"`,
})
