import { program } from '../resource/program.ts'
import { quote } from '../shell/quote.ts'
import { ENDED } from './ended.ts'
import { AUDIT, FLIPS, RECORD, RUNS, STOP } from './record.ts'

/** What is asked of a host. */
export interface Query {
  /** Which runs: the newest ones, those whose id begins with or ends in a text, or none. */
  readonly runs: { readonly newest: number } | { readonly like: string } | 'none'
  /**
   * `ends` is enough of each journal to tell how it stands; `whole` is all of it, or its marks and its last 256 KiB, when
   * one run alone is like the text.
   */
  readonly journals: 'none' | 'ends' | 'whole'
  /** Bytes of the end of the audit log. */
  readonly audit?: number
}

/** Bytes of a journal's end that are read: enough for the output of the steps that an operator asks for. */
const WINDOW = 256 * 1024
/** Bytes of a record, and of a journal's first line, that are read. */
const LONGEST_RECORD = 64 * 1024
const LONGEST_HEADER = 1024 * 1024
/** More runs than this are never meant by a part of an id. */
const MOST_ALIKE = 20

/**
 * The functions of the reading program. A journal's lock is asked before its bytes are read, so that one that is free
 * was read to its end. The lock is asked for as a shared one: two readers never hold each other up.
 */
const FUNCTIONS = `
say() { printf '\\n%s %s\\n' "$nonce" "$*"; }
part() { [ ! -f "$2" ] || { say "$1"; head -c ${LONGEST_RECORD} "$2"; }; }
marks() { sed -n "/^$inner /{x;p;x;p;}"; }
ends() { head -n 1 "$1" | head -c ${LONGEST_HEADER}; [ -z "$inner" ] || marks <"$1" | tail -n 6; }
whole() {
  size=$(stat -c %s "$1")
  if [ "$size" -le ${WINDOW} ]; then cat "$1"; return; fi
  begin=$((size - ${WINDOW}))
  begin=$((begin + $(tail -c "+$((begin + 1))" "$1" | head -n 1 | wc -c)))
  head -n 1 "$1" | head -c ${LONGEST_HEADER}
  [ -z "$inner" ] || head -c "$begin" "$1" | marks
  echo; tail -c "+$((begin + 1))" "$1"
}
journal() {
  flock -n -s -E 75 "$1" true
  say journal "\${1##*/}" "$?"
  inner=$(head -n 1 "$1" | head -c ${LONGEST_HEADER} | sed -n 's/.*"nonce":"\\([0-9A-Za-z-]\\{1,80\\}\\)".*/\\1/p')
  "$how" "$1"
}
run() {
  say run "$1"
  part record "$runs/$1/${RECORD}"; part stop "$runs/$1/${STOP}"; part ended "$runs/$1/${ENDED}"; part flips "$runs/$1/${FLIPS}"
  [ "$how" != none ] || return 0
  for file in "$runs/$1"/*.journal; do [ ! -f "$file" ] || journal "$file"; done
}
names() {
  [ ! -d "$runs" ] || ls "$runs" | sort -r | while read -r id; do
    case $id in *[!0-9A-Za-z-]*) ;; $1) printf '%s\\n' "$id" ;; esac
  done
}`

/** Shell code that puts the ids of the runs that are meant into `$@`. */
function chosen(query: Query): string {
  if (query.runs === 'none') return 'set --'
  if ('newest' in query.runs) return `set -- $(names '*' | head -n ${query.runs.newest})`
  const like = quote(query.runs.like)
  return `set -- $({ names ${like}'*'; names '*-'${like}; } | sort -ru | head -n ${MOST_ALIKE})`
}

/** One program that reads what a host keeps of its runs. Changes nothing but the time of an access. */
export function readProgram(query: Query, nonce: string): string {
  const { journals, audit } = query
  const log = quote(AUDIT)
  return program(
    nonce,
    [
      `runs=${quote(RUNS)} how=${journals}`,
      FUNCTIONS,
      'read -r boot </proc/sys/kernel/random/boot_id; say host "$boot" "$(date +%s)"',
      chosen(query),
      journals === 'whole' ? '[ $# -eq 1 ] || how=ends' : '',
      'for id in "$@"; do run "$id"; done',
      audit === undefined
        ? ''
        : `if [ -f ${log} ]; then
  if [ "$(stat -c %s ${log})" -le ${audit} ]; then say audit whole; cat ${log}
  else say audit part; tail -c ${audit} ${log} | sed 1d; fi
fi`,
      'say done',
    ].join('\n'),
  )
}
