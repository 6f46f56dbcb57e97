import { rawShell, sh, type Command } from '../shell/sh.ts'

/** What comes before the answer, so that a login shell's greeting is never taken for it. */
export const MARKER = 'fleet-logs 1\n'

/** How many generations a RotatingFileHandler(backupCount=5) leaves: `.log`, `.log.1` ... `.log.5`. */
export const SUFFIXES = 6

/** A known file: bytes of its head and of the tail that ends at `offset`, with their SHA-256. */
export interface Fingerprint {
  readonly headLength: number
  readonly head: string
  readonly anchorLength: number
  readonly anchor: string
  readonly offset: number
}

/** A known file and where its bytes have to end; `device` and `inode` as they were inspected. */
export interface Wanted {
  readonly sequence: number
  readonly device: string
  readonly inode: string
  readonly from: Fingerprint
  readonly end: number
}

/** Runs a script from standard input, as root where sudo lets us: logs belong to the service's user. */
export const ELEVATED: Command = sh`sh -c ${'if [ "$(id -u)" -ne 0 ] && sudo -n true </dev/null >/dev/null 2>&1; then exec sudo -n sh -s; fi; exec sh -s'}`

/**
 * Opens each of the user's files, newest first, as descriptor 3 and calls `each` for it. Newest first, so that a
 * rotation in between shows a file twice instead of not at all. The path must lead to the opened inode by itself: a
 * link placed by the service's user must not make root read another file.
 */
function walk(directory: string, user: string): Command {
  return sh`export LC_ALL=C
unset TZ
sum() { sha256sum | cut -c1-64; }
head_sum() { head -c "$1" /proc/self/fd/3 | sum; }
anchor_sum() { tail -c "+$(($1 - $2 + 1))" /proc/self/fd/3 | head -c "$2" | sum; }
opened() {
  seen=1
  set -- "$1" "$2" $(stat -Lc '%d %i %s %Y' /proc/self/fd/3)
  [ "$3 $4" = "$(stat -c '%d %i' -- "$2")" ] || return 0
  each "$1" "$3" "$4" "$5" "$6"
}
walk() {
  [ -e ${directory} ] || { say missing; return 0; }
  cd -P -- ${directory} || { say denied; return 0; }
  for suffix in 0 1 2 3 4 5; do
    name=${`${user}.log`}
    [ "$suffix" = 0 ] || name="$name.$suffix"
    if [ -L "$name" ] || { [ -e "$name" ] && [ ! -f "$name" ]; }; then say "skipped $suffix"; continue; fi
    [ -f "$name" ] || continue
    seen=0
    { opened "$suffix" "$name"; } 3<"$name" || true
    [ "$seen" = 1 ] || [ ! -f "$name" ] || say "unreadable $suffix"
  done
}
`
}

const knownRow = (
  sequence: number,
  { headLength, head, offset, anchorLength, anchor }: Fingerprint,
): string => [sequence, headLength, head, offset, anchorLength, anchor].join(' ')

/**
 * The script of the first execution. It says what time it is on the host and in which zone, and for each file its
 * device, inode, size, time of change and the hash of its first 1024 bytes, and which known files it continues: same
 * head, and the same bytes before the known offset. All of a file comes from one open descriptor.
 */
export function inspectScript(
  directory: string,
  user: string,
  known: ReadonlyMap<number, Fingerprint>,
): string {
  const rows = [...known].map(([sequence, print]) => knownRow(sequence, print)).join('\n')
  return sh`${walk(directory, user)}
each() {
  length=$4
  [ "$length" -lt 1024 ] || length=1024
  head=$(head_sum "$length")
  echo "file $1 $2 $3 $4 $5 $length $head"
  while read -r sequence head_length known_head offset anchor_length anchor; do
    [ -n "$sequence" ] && [ "$4" -ge "$offset" ] || continue
    if [ "$head_length" = "$length" ]; then same=$head; else same=$(head_sum "$head_length"); fi
    [ "$same" = "$known_head" ] || continue
    [ "$(anchor_sum "$offset" "$anchor_length")" = "$anchor" ] || continue
    echo "match $1 $sequence"
  done <<'KNOWN'
${rawShell(rows)}
KNOWN
}
say() { echo "$1"; }
inspect() {
  printf 'fleet-logs 1\n'
  date '+clock %s.%N'
  date '+offset %z'
  [ -e /etc/localtime ] || echo 'link /zoneinfo/UTC'
  printf 'link %s\n' "$(readlink -f /etc/localtime)"
  [ ! -f /etc/timezone ] || printf 'zone %s\n' "$(head -n 1 /etc/timezone)"
  walk 2>/dev/null
  echo done
}
inspect </dev/null
`.text
}

const wantedRow = ({ sequence, device, inode, from, end }: Wanted): string =>
  [device, inode, end, knownRow(sequence, from)].join(' ')

/**
 * The script of the second execution: the asked bytes of every file, each framed (see FrameDecoder) and checked on the
 * descriptor it is read from, before and after. `compress` sends all of it through gzip.
 */
export function fetchScript(
  directory: string,
  user: string,
  wanted: readonly Wanted[],
  compress: boolean,
): string {
  return sh`${walk(directory, user)}
each() {
  while read -r device inode end sequence head_length known_head offset anchor_length anchor; do
    [ "$device $inode" = "$2 $3" ] && [ "$4" -ge "$end" ] || continue
    [ "$(head_sum "$head_length")" = "$known_head" ] || continue
    [ "$(anchor_sum "$offset" "$anchor_length")" = "$anchor" ] || continue
    case " $sent " in *" $sequence "*) continue ;; esac
    sent="$sent $sequence"
    echo "range $sequence $offset $((end - offset))"
    tail -c "+$((offset + 1))" /proc/self/fd/3 | head -c "$((end - offset))"
    length=256
    [ "$end" -ge 256 ] || length=$end
    printf '\nend %s %s\n' "$sequence" "$(anchor_sum "$end" "$length")"
  done <<'WANTED'
${rawShell(wanted.map(wantedRow).join('\n'))}
WANTED
}
say() { :; }
fetch() {
  sent=
  walk 2>/dev/null
  echo done
}
printf 'fleet-logs 1\n'
fetch </dev/null ${rawShell(compress ? '| nice gzip -1' : '')}
`.text
}
