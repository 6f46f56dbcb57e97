import { CommandError } from '../errors.ts'
import { quote } from '../shell/quote.ts'
import { rawShell, type Command } from '../shell/sh.ts'
import { tail } from '../text/last-lines.ts'
import type { Transport } from '../transport/transport.ts'
import { endedPart } from './audit-line.ts'
import { ENDED, type Ended } from './ended.ts'
import { AUDIT, RECORD, RUNS, type RunRecord } from './record.ts'

/** Milliseconds for a host to write three short files. */
const PATIENCE = 15_000

/** Leaves the record on a host before commands change it: a run that is cut off in them can be resumed. */
export const recordCommand = (record: RunRecord): Command =>
  rawShell(`umask 077
folder=${RUNS}/${record.id}
mkdir -p "$folder" && chmod 0700 ${RUNS} "$folder" &&
  printf '%s\\n' ${quote(JSON.stringify(record))} >"$folder/${RECORD}.new" &&
  mv -f "$folder/${RECORD}.new" "$folder/${RECORD}"`)

/** Ends what the program is given: without it the stream was cut, and nothing is written. */
const WHOLE = 'whole'

/**
 * The record, how the run ended and the audit line, read after the program's end. In Perl, which every Debian has: one
 * process does what takes a shell six, and they were a tenth of what a command on sixty hosts cost.
 */
const PROGRAM = `use strict;
chomp(my ($id, $record, $ended, $line, $whole) = <DATA>);
exit 1 if ($whole // '') ne '${WHOLE}';
umask 077;
sub put {
  my ($mode, $file, $text) = @_;
  open my $out, $mode, $file or die "$file: $!\\n";
  print {$out} "$text\\n" and close $out or die "$file: $!\\n";
}
sub replace {
  my ($file, $text) = @_;
  put('>', "$file.new", $text);
  rename "$file.new", $file or die "$file: $!\\n";
}
my $made = '';
$made .= "/$_", mkdir $made for grep length, split m{/}, '${RUNS}';
my $folder = "${RUNS}/$id";
mkdir $folder;
chmod 0700, '${RUNS}', $folder;
replace("$folder/${RECORD}", $record);
replace("$folder/${ENDED}", $ended);
my ($second, $minute, $hour, $day, $month, $year) = gmtime;
my $at = sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $year + 1900, $month + 1, $day, $hour, $minute, $second;
put('>>', '${AUDIT}', qq({"version":1,"at":"$at",$line}));
__END__
`

/**
 * Leaves the record, an audit line and how the run ended on a host that it changed by commands alone: an acting script
 * leaves its own record and line.
 * Throws CommandError, ConnectError, TimeoutError.
 */
export async function auditRan(transport: Transport, record: RunRecord, ended: Ended): Promise<void> {
  const lines = [record.id, JSON.stringify(record), JSON.stringify(ended), endedPart(record, ended), WHOLE]
  const result = await transport.exec('perl', {
    stdin: PROGRAM + lines.map(line => `${line}\n`).join(''),
    root: true,
    timeout: PATIENCE,
  })
  if (result.exitCode === 0) return
  throw new CommandError(`no line in its audit log${tail(result.stderr.toString('utf8'))}`, {
    host: transport.host,
  })
}
