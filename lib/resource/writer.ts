import { quote } from '../shell/quote.ts'
import { Secret, revealed } from '../shell/secret.ts'
import { STOP } from '../runs/record.ts'
import type { WriteStep } from './resource.ts'
import { STEP_TIMEOUT, type NumberedStep } from './steps.ts'

/** A step that writes a file, with its place among all steps. */
export interface NumberedWrite extends NumberedStep {
  readonly step: WriteStep
  readonly index: number
}

/**
 * Writes files one after another, each a step of its own in the journal. In Perl, which every Debian has: a step of the
 * shell's costs five processes, and they were half of what a change of many files cost. File descriptor 4 hears where it
 * stands, the last line counts: with nobody there to hear it, no further step is begun. It says nothing but what failed,
 * so that there is no secret to take out; 9, the host's lock, stays open until it has ended.
 */
const WRITER = `use strict;
require XSLoader;
XSLoader::load('IO');
my ($nonce, $state, $folder) = @ENV{qw(nonce state folder)};
open my $random, '<', '/proc/sys/kernel/random/uuid' or die "no uuid: $!\\n";
chomp(my $unknown = <$random>);
my ($changed, $new, %uid, %gid) = (0);
sub give_up { unlink $new if defined $new; undef $new }
$SIG{PIPE} = 'IGNORE';
$SIG{ALRM} = sub { die "\\n" };
$SIG{$_} = sub { give_up; exit 143 } for qw(HUP INT TERM);
umask 022;
open my $tell, '>&=', 4 or exit 1;
sub tell_ { my $line = "@_\\n"; (syswrite($tell, $line) // 0) == length $line or exit 1 }
sub say_ { my $line = "\\n$nonce @_\\n"; (syswrite(STDOUT, $line) // 0) == length $line }
sub clock { open my $in, '<', '/proc/uptime' or return 0; return (split ' ', <$in>)[0] * 1000 }
sub line { my $line = <DATA>; exit 1 if !defined $line; chomp $line; return $line }
sub mark {
  mkdir "$state/pending" if @_;
  for (@_) { open my $out, '>', "$state/pending/$_" or die "$state/pending/$_: $!\\n" }
}
sub place {
  my ($path, $mode, $owner, $group, $parents, $content) = @_;
  (my $into = $path) =~ s{/[^/]*\\z}{};
  my $made = '';
  if ($parents) { $made .= "/$_", mkdir $made for grep length, split m{/}, $into }
  die "no directory $into\\n" if !-d "$into/";
  die "$path is a directory\\n" if -d $path && !-l $path;
  my $uid = $uid{$owner} //= getpwnam $owner // die "invalid user '$owner'\\n";
  my $gid = $gid{$group} //= getgrnam $group // die "invalid group '$group'\\n";
  umask 077;
  $new = "$into/.fleetfile.$unknown";
  open my $out, '>', $new or die "cannot write into $into: $!\\n";
  umask 022;
  (print {$out} $content) && IO::Handle::flush($out) && chown($uid, $gid, $out) && chmod(oct $mode, $out)
    && IO::Handle::sync($out) && close $out && rename $new, $path or die "cannot write $path: $!\\n";
  undef $new;
}
while ((my $head = line) ne 'end') {
  my ($index, $limit, $mode, $owner, $group, $parents, $packed, $size, @marks) = split ' ', $head;
  my ($path, $title) = (line, line);
  read(DATA, my $content, $size + 1) == $size + 1 or exit 1;
  chop $content;
  $content = pack 'H*', $content if $packed;
  tell_('at', $index, $changed, $title);
  if (-e "$folder/${STOP}") { tell_('stopped', $index, $changed); exit }
  if (!say_('begin', $index)) { tell_('failed', $index, $changed, '"no room for the journal"'); exit }
  my $began = clock;
  my $code = 0;
  eval { mark(@marks); alarm $limit; place($path, $mode, $owner, $group, $parents, $content); alarm 0; 1 } or do {
    alarm 0;
    give_up;
    $code = $@ eq "\\n" ? 124 : 1;
    syswrite STDOUT, $@;
  };
  say_('end', $index, $code, int(clock() - $began + 0.5));
  if ($code) { tell_('failed', $index, $changed, $title); exit }
  $changed++;
}
tell_('done', '-', $changed);
__END__
`

/** Reads the last line that a writer said, in the shell that began it: its exit code, then the first step and its title. */
export const WROTE = `
wrote() {
  code=$1 count=0 index=$2 title=$3
  [ -z "$answer" ] || IFS=' ' read -r word index count title <<END
\${answer##*
}
END
  changed=$((changed + count))
  case $word in
  done) return 0 ;;
  stopped) outcome=stopped ;;
  failed) outcome=failed failed=$title ;;
  *) [ "$code" -ne 0 ] || code=255
    end "$index" "$code" "$title" ;;
  esac
  return 1
}`

/** Text travels as it is, in a heredoc; all else as hexadecimal digits. */
function contentOf({ stdin = '' }: WriteStep): { packed: boolean; text: string } {
  const content = typeof stdin === 'string' || stdin instanceof Secret ? revealed(stdin) : stdin
  if (typeof content === 'string' && !content.includes('\0')) return { packed: false, text: content }
  return { packed: true, text: Buffer.from(content).toString('hex') }
}

function entryOf({ step, index, marks }: NumberedWrite): string {
  const { path, mode, owner, group, parents } = step.write
  const { packed, text } = contentOf(step)
  const head = [index, step.timeout ?? STEP_TIMEOUT, mode.toString(8), owner, group, Number(parents)]
  const size = [Number(packed), Buffer.byteLength(text)]
  return `${[...head, ...size, ...marks].join(' ')}\n${path}\n${JSON.stringify(step.title)}\n${text}\n`
}

/** Shell code for steps that follow each other and each write a file. Nothing of them is in the argv of anything. */
export function writeCode(steps: readonly [NumberedWrite, ...NumberedWrite[]], nonce: string): string {
  const [{ index, step }] = steps
  const delimiter = `${nonce}-write`
  return `
clock; began=$now word= answer=
{ answer=$(nonce=$nonce state=$state folder=$folder perl 4>&1 >&5 2>&5 <<'${delimiter}'
${WRITER}${steps.map(entryOf).join('')}end
${delimiter}
); code=$?; } 5>&1
wrote "$code" ${index} ${quote(JSON.stringify(step.title))} || return 0`
}
