import { rawShell, sh, type Command } from '../shell/sh.ts'
import { NGINX_PATHS, nginxHome, nginxLog } from './nginx-paths.ts'
import { CHECKS, SESSIONS } from './slot-look.ts'

/**
 * Adds up requests and errors by server, from where it saw the log last; of what is more than 64 MB behind, nothing.
 * What was renamed to `.1` meanwhile is read to its end first.
 */
export const COUNT = `use strict; use Fcntl qw(:flock);
my ($log, $file) = @ARGV;
open(my $lock, ">>", "$file.lock") or die "$file.lock: $!"; flock($lock, LOCK_EX);
my (%seen, %count, %now); my $known = 0;
if (open(my $in, "<", $file)) {
  $known = 1;
  while (<$in>) { my ($key, $a, $b) = split; if ($key eq "at") { $seen{$a} = $b } else { $count{$key} = [$a, $b] } }
}
for my $path ("$log.1", $log) {
  open(my $in, "<", $path) or next;
  my ($inode, $size) = (stat $in)[1, 7];
  my $at = exists $seen{$inode} ? $seen{$inode} : $known && $path eq $log ? 0 : $size;
  $at = 0 if $at > $size;
  $at = $size if $size - $at > 67108864;
  seek($in, $at, 0);
  while (my $line = <$in>) {
    last if $line !~ /\\n\\z/;
    $at += length $line;
    my ($servers, $codes) = $line =~ /^\\S+ "([^"]*)" "([^"]*)"/ or next;
    my @codes = split / : |, /, $codes;
    for my $server (split / : |, /, $servers) {
      my $code = shift @codes;
      next if $server !~ /:\\d+\\z/;
      $count{$server} ||= [0, 0]; $count{$server}[0]++;
      $count{$server}[1]++ if defined $code && $code =~ /^5\\d\\d\\z/;
    }
  }
  $now{$inode} = $at;
}
open(my $out, ">", "$file.new") or die "$file.new: $!";
print $out "at $_ $now{$_}\\n" for keys %now;
print $out "$_ $count{$_}[0] $count{$_}[1]\\n" for keys %count;
close $out or die $!; rename("$file.new", $file) or die $!;
print "$_ $count{$_}[0] $count{$_}[1]\\n" for sort keys %count;`

/**
 * Prints all there is to know of a service, each item after a line `== name`. nginx itself says which state it takes for
 * its next request. What is not `maint` is asked for its health, each slot by the path of its own release, and a second
 * time where it fails: one lost packet is no illness.
 */
export const lookCommand = (service: string): Command => sh`set -eu
home=${nginxHome(service)}; service=${service}
answer=$(curl --silent --fail --max-time 5 --noproxy '*' --header ${`Host: ${NGINX_PATHS.host}`} "http://127.0.0.1/$service") || {
  echo "nginx does not answer for $service" >&2; exit 1; }
state=${rawShell('${answer%% *}')}
case $state in *[!a-z0-9.-]*|''|.*) echo "nginx says nothing of $service" >&2; exit 1;; esac
echo '== slots'; cat "$home/slots"
echo '== servers'; cat "$home/states/$state/servers"
${rawShell(SESSIONS)}
echo '== counts'; perl -e ${COUNT} ${nginxLog(service)} ${`/run/fleetfile-nginx.${service}`}
list=$(mktemp); trap 'rm -f "$list" "$list.1"' EXIT
servers=$home/states/$state/servers
${rawShell(CHECKS)}`
