import { quote } from '../shell/quote.ts'
import { RECORD, STOP } from '../runs/record.ts'
import type { ActingRun } from './acting-run.ts'
import { follow } from './follow-code.ts'
import { GENERATION, program } from './program.ts'
import { STEP_TIMEOUT, type NumberedStep } from './steps.ts'
import { workProgram } from './work.ts'

/** Bytes set aside for the journal, so that a step which fills the disk can still be told to have failed. */
const MARGIN = 2 ** 20

const oneLine = (text: string): string => text.replaceAll(/[\0-\x1f\x7f]+/g, ' ')

/** Who runs what, for those who find the host locked. One line each; the last may be empty. */
function lockLines({ record }: ActingRun): string {
  const { owner, id, message = '' } = record
  return `${quote(oneLine(owner))} ${quote(id)} "$(date -u +%Y-%m-%dT%H:%M:%SZ)" ${quote(oneLine(message))}`
}

/** Takes the lock, which ends with the last process that has it open; or says who has it. */
function lock(run: ActingRun): string {
  const { runFolder, stateFolder } = run.runner
  const seconds = (run.wait / 1000).toFixed(1)
  const refused = '{ [ $? -eq 75 ] && holder held; return 1; }'
  const wait = run.wait > 0 ? `{ holder waiting && flock -w ${seconds} -E 75 9; } || ${refused}` : refused
  return `cd /
umask 077
run=${runFolder} state=${stateFolder}
folder=$state/runs/${run.record.id}
mkdir -p "$run" "$state/runs" && chmod 0700 "$run" "$state" "$state/runs" && exec 9>>"$run/lock" || return 1
flock -n -E 75 9 || ${wait}
printf '%s\\n' ${lockLines(run)} >"$run/lock"`
}

/**
 * A script that acts makes the number odd for as long as it does. One that found it odd was cut off, and nobody knows
 * what of it an observation saw. Another boot counts as another number.
 */
const unmoved = ({ generation }: ActingRun): string => `${GENERATION}
next() { printf '%s\\n' "$1" >"$state/generation.new" && mv -f "$state/generation.new" "$state/generation"; }
case $generation in *[13579]) next $((generation + 1)) || return 1; say moved; return 0 ;; esac
[ "$generation.$boot" = ${quote(generation)} ] || { say moved; return 0; }
[ ! -e "$folder/${STOP}" ] || { say stopped; return 0; }`

/** The record and the journal's header are on the disk before anything changes; where there is no room, nothing does. */
function journal(steps: readonly NumberedStep[], { nonce, record }: ActingRun): string {
  const listed = steps.map(({ resource, step }) => ({
    resource,
    title: step.title,
    timeout: step.timeout ?? STEP_TIMEOUT,
  }))
  return `mkdir -p "$folder" || return 1
cat >"$folder/${RECORD}.new" <<'${nonce}-record' && mv -f "$folder/${RECORD}.new" "$folder/${RECORD}" || return 1
${JSON.stringify(record)}
${nonce}-record
set -- "$folder"/*.journal
[ -e "$1" ] || set --
number=$(($# + 1))
case $number in ?) number=00$number ;; ??) number=0$number ;; esac
journal=$folder/$number.journal
exec 8>>"$journal" && flock -w 10 8 || return 1
room=$(fallocate -n -l ${MARGIN} "$journal" 2>&1)
case $room in *'No space'* | *[qQ]uota*) rm -f "$journal"; printf '%s\\n' "$room" >&2; return 1 ;; esac
printf '{"version":1,"nonce":"%s","boot":"%s","startedAt":"%s","steps":%s}\\n' "$nonce" "$boot" \\
  "$(date -u +%Y-%m-%dT%H:%M:%SZ)" ${quote(JSON.stringify(listed))} >&8 || { rm -f "$journal"; return 1; }
next $((generation + 1)) && say journal "$number" || { rm -f "$journal"; return 1; }`
}

/**
 * One program for a whole plan: it takes the host's lock, makes sure that the host is still as it was observed, starts
 * the working program in a session of its own and shows its journal. From there on only the working program has the
 * lock, and what becomes of the connection is of no matter to it.
 */
export function launchProgram(steps: readonly NumberedStep[], run: ActingRun): string {
  const { nonce } = run
  const parts = [
    `say() { printf '\\n%s %s\\n' "$nonce" "$*"; }`,
    `holder() { say "$1" "$(date +%s)" && cat "$run/lock" && say told; }`,
    lock(run),
    unmoved(run),
    journal(steps, run),
    `setsid -f sh /dev/fd/3 "$number" 3<<'${nonce}-work' </dev/null >&8 2>&1 8>&- || return 1`,
    `${workProgram(steps, run)}${nonce}-work`,
    'exec 8>&- 9>&-',
    follow(1),
  ]
  return program(nonce, parts.join('\n'))
}
