import { setTimeout as delay } from 'node:timers/promises'
import { CommandError, TimeoutError } from '../errors.ts'
import { tail } from '../text/last-lines.ts'
import type { ExecResult, Transport } from '../transport/transport.ts'
import { cutPart, endedPart } from './audit-line.ts'
import { ENDED, type Ended } from './ended.ts'
import { AUDIT, RECORD, RUNS, type RunRecord } from './record.ts'

/** Milliseconds for a host to write three short files. */
const PATIENCE = 15_000

/** What ends the parts that the program is given: one without it was cut off on its way. */
const BEGUN = 'begun'
const TOLD = 'told'
/** What it says when all is written: that it ended with 0 is not enough, a program that was cut off does as well. */
const NOTED = 'noted'
/** In the place of `TOLD`: acting scripts have left a line of their own. */
const DROPPED = 'dropped'

/**
 * Writes the record, then waits for how the run ended; should its stdin end before that, its client was cut off, and the
 * audit line says so. In Perl, which every Debian has: one process does what takes a shell seven, and they were a tenth of
 * what a command on sixty hosts cost.
 */
const PROGRAM = `use strict;
sub lines { my @lines = map { scalar <DATA> } 1 .. shift; chomp @lines; return @lines }
my ($id, $record, $cut, $begun) = lines(4);
exit 1 if ($begun // '') ne '${BEGUN}';
$SIG{$_} = 'IGNORE' for qw(HUP INT TERM);
umask 077;
sub put {
  my ($mode, $file, $text) = @_;
  open my $out, $mode, $file or die "$file: $!\\n";
  print {$out} "$text\\n" and close $out or die "$file: $!\\n";
}
sub replace {
  my ($file, $text) = @_;
  put('>', "$file.$$", $text);
  rename "$file.$$", $file or die "$file: $!\\n";
}
sub audit {
  my ($second, $minute, $hour, $day, $month, $year) = gmtime;
  my $at = sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $year + 1900, $month + 1, $day, $hour, $minute, $second;
  put('>>', '${AUDIT}', qq({"version":1,"at":"$at",$_[0]}));
}
my $made = '';
$made .= "/$_", mkdir $made for grep length, split m{/}, '${RUNS}';
my $folder = "${RUNS}/$id";
mkdir $folder;
chmod 0700, '${RUNS}', $folder;
replace("$folder/${RECORD}", $record);
my ($ended, $line, $told) = lines(3);
exit 0 if ($told // '') eq '${DROPPED}';
if (($told // '') eq '${TOLD}') {
  replace("$folder/${ENDED}", $ended);
  audit($line);
  print '${NOTED}';
} else {
  audit($cut);
}
__END__
`

const linesOf = (...lines: readonly string[]): Buffer => Buffer.from(lines.map(line => `${line}\n`).join(''))

const isNoted = ({ exitCode, stdout }: ExecResult): boolean =>
  exitCode === 0 && stdout.toString().endsWith(NOTED)

const begunOf = (record: RunRecord): Buffer =>
  Buffer.concat([Buffer.from(PROGRAM), linesOf(record.id, JSON.stringify(record), cutPart(record), BEGUN)])

const toldOf = (record: RunRecord, ended: Ended): Buffer =>
  linesOf(JSON.stringify(ended), endedPart(record, ended), TOLD)

/**
 * Leaves the record, an audit line and how the run ended on a host that it changed by commands alone: an acting script
 * leaves its own record and line. Throws CommandError, ConnectError, TimeoutError.
 */
export async function noteRun(transport: Transport, record: RunRecord, ended: Ended): Promise<void> {
  const stdin = Buffer.concat([begunOf(record), toldOf(record, ended)])
  const result = await transport.exec('perl', { stdin, root: true, timeout: PATIENCE })
  if (isNoted(result)) return
  const said = tail(result.stderr.toString('utf8'))
  throw new CommandError(`perl ended with exit code ${result.exitCode}${said}`, { host: transport.host })
}

async function* inTurn(first: Buffer, last: Promise<Buffer>): AsyncGenerator<Uint8Array> {
  yield first
  yield await last
}

/**
 * The same, begun before the run's commands change the host: one that loses its client in them holds its record, and a
 * line that says so. Nobody is asked for a password for it.
 */
export class RunNote {
  readonly #record: RunRecord
  readonly #transport: Transport
  readonly #patience: number
  readonly #isNoted: Promise<boolean>
  #tell: (last: Buffer) => void = () => undefined

  /** `patience`: milliseconds for the host to write and to answer. */
  constructor(transport: Transport, record: RunRecord, patience = PATIENCE) {
    this.#record = record
    this.#transport = transport
    this.#patience = patience
    const last = new Promise<Buffer>(resolve => (this.#tell = resolve))
    const running = transport.exec('perl', {
      stdin: inTurn(begunOf(record), last),
      root: 'unasked',
      // An sshd that opens no second channel: the command comes first.
      onCrowded: () => this.#tell(linesOf('', '', DROPPED)),
    })
    this.#isNoted = running.then(isNoted, () => false)
  }

  /** Notes how the run ended. Resolves with whether the host has done so; throws TimeoutError where it says nothing. */
  end(ended: Ended): Promise<boolean> {
    return this.#close(toldOf(this.#record, ended))
  }

  /** Leaves no audit line. */
  drop(): Promise<boolean> {
    return this.#close(linesOf('', '', DROPPED)).catch(() => false)
  }

  async #close(last: Buffer): Promise<boolean> {
    this.#tell(last)
    const over = new AbortController()
    const late = delay(this.#patience, undefined, { signal: over.signal }).then(() => {
      const seconds = this.#patience / 1000
      throw new TimeoutError(`no answer within ${seconds} s`, { host: this.#transport.host })
    })
    try {
      return await Promise.race([this.#isNoted, late])
    } finally {
      over.abort()
    }
  }
}
