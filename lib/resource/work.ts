import { quote } from '../shell/quote.ts'
import { Secret, revealed } from '../shell/secret.ts'
import { auditPart } from '../runs/audit-line.ts'
import { AUDIT, STOP } from '../runs/record.ts'
import type { ActingRun } from './acting-run.ts'
import { program } from './program.ts'
import { hiddenPartsOf } from './redact.ts'
import type { ScriptStep } from './resource.ts'
import type { NumberedStep } from './steps.ts'
import { STEP_TIMEOUT } from './steps.ts'
import { type NumberedWrite, writeCode, WROTE } from './writer.ts'

interface NumberedScript extends NumberedStep {
  readonly step: ScriptStep
  readonly index: number
}

/** Bytes from which on the audit log is cut to its newest lines. */
const AUDIT_BYTES = 4 * 2 ** 20
const AUDIT_LINES = 10_000
/** Run folders that a host keeps. */
const RUNS_KEPT = 100

/**
 * The functions of the working program. Its output is the journal and nothing else, so that no client can hold a step
 * up. A step's own output goes through `relay`, which takes the secrets out before a line is on the disk; it ends at
 * the step's own last line, not at the end of the stream, so that a daemon which kept the stream open does not hold
 * the run up. `relay` shares the lock: should `main` be killed, the host is free when the step has ended, not before.
 */
const FUNCTIONS = `
say() { printf '\\n%s %s\\n' "$nonce" "$*" 2>/dev/null; }
clock() { read -r up _ </proc/uptime; now=\${up%.*}\${up#*.}; }
mark() { mkdir -p "$state/pending" && true >"$state/pending/$1"; }
hide() {
  case $line in *"$1"*) ;; *) return 0 ;; esac
  shown= rest=$line
  while :; do
    case $rest in
    *"$1"*) shown=$shown\${rest%%"$1"*}[secret] rest=\${rest#*"$1"} ;;
    *) line=$shown$rest; return 0 ;;
    esac
  done
}
relay() {
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    '') ;;
    "$nonce "*) return "\${line##* }" ;;
    *) redact; printf '%s\\n' "$line" 2>/dev/null || : ;;
    esac
  done
  return 255
}
begin() {
  [ ! -e "$folder/${STOP}" ] || { outcome=stopped; return 1; }
  say begin "$1" || { outcome=failed failed='"no room for the journal"'; return 1; }
  clock; began=$now
}
end() {
  clock; say end "$1" "$2" $(((now - began) * 10)) || :
  [ "$2" -ne 0 ] || { changed=$((changed + 1)); return 0; }
  outcome=failed failed=$3
  return 1
}
${WROTE}`

/** In a function of its own, so that the secrets are in the memory of this one shell and nowhere else. */
const redaction = (steps: readonly NumberedStep[]): string => {
  const parts = hiddenPartsOf(steps.map(({ step }) => step.stdin))
  return `redact() {\n${[':', ...parts.map(part => `hide ${quote(part)}`)].join('\n')}\n}`
}

/** A heredoc keeps text as it is, but always ends with a newline; all else travels as base64. */
function stdinOf(
  { step }: NumberedScript,
  delimiter: string,
): { before: string; redirect: string; body: string } {
  const { stdin } = step
  if (stdin === undefined) return { before: '', redirect: '</dev/null', body: '' }
  const text = typeof stdin === 'string' || stdin instanceof Secret ? revealed(stdin) : undefined
  if (text !== undefined && text.endsWith('\n') && !text.includes('\0')) {
    return { before: '', redirect: `<<'${delimiter}'`, body: `${text}${delimiter}\n` }
  }
  const base64 = Buffer.from(text ?? (stdin instanceof Uint8Array ? stdin : '')).toString('base64')
  const lines = base64.replaceAll(/.{1,76}/g, '$&\n')
  return { before: `base64 -d <<'${delimiter}' |\n${lines}${delimiter}\n`, redirect: '', body: '' }
}

/**
 * Neither the script nor its stdin is in the argv of anything: `timeout` starts a `sh` that reads its code from file
 * descriptor 3. dash gives a heredoc through a pipe, so nothing is written to disk either.
 */
function scriptCode(numbered: NumberedScript, nonce: string): string {
  const { step, index, marks, clears } = numbered
  const input = stdinOf(numbered, `${nonce}-stdin`)
  const code = `${nonce}-code`
  const title = quote(JSON.stringify(step.title))
  return `
begin ${index} || return 0
${marks.map(key => `mark ${key} || { end ${index} 1 ${title}; return 0; }\n`).join('')}{
${input.before}timeout -k 10 ${step.timeout ?? STEP_TIMEOUT} sh /dev/fd/3 3<<'${code}' ${input.redirect}
set -eu
${step.script}
${code}
${input.body}printf '\\n%s %s\\n' "$nonce" "$?"
} 2>&1 9>&- | relay
code=$?
${clears === undefined ? '' : `[ "$code" -ne 0 ] || rm -f "$state/pending/${clears}"\n`}end ${index} "$code" ${title} || return 0`
}

/** The steps in their order; files that are written one after another are the work of one process. */
function stepsCode(steps: readonly NumberedStep[], nonce: string): string {
  const code: string[] = []
  let writes: NumberedWrite[] = []
  const flush = (): void => {
    const [first, ...rest] = writes
    if (first !== undefined) code.push(writeCode([first, ...rest], nonce))
    writes = []
  }
  for (const [index, numbered] of steps.entries()) {
    const { step } = numbered
    if ('write' in step) {
      writes.push({ ...numbered, step, index })
      continue
    }
    flush()
    code.push(scriptCode({ ...numbered, step, index }, nonce))
  }
  flush()
  return code.join('\n')
}

/**
 * systemd ends what an SSH session has left behind, where it is told to; a scope of its own is not of the session. It
 * answers before it has moved us, and what is begun until then stays in the session: so that is waited for, 2 s at most.
 * The kernel says where we are (cgroups(7)); with version 1, one of its lines does.
 */
const scope = (runId: string): string => `unit=fleetfile-${runId}-$argument.scope tries=0
moved() { while read -r line; do case $line in *"/$unit") return 0 ;; esac; done </proc/$$/cgroup; return 1; }
if [ -d /run/systemd/system ] && timeout 5 busctl call \\
  org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \\
  StartTransientUnit 'ssa(sv)a(sa(sv))' "$unit" fail 1 PIDs au 1 $$ 0 </dev/null >/dev/null 2>&1 9>&-; then
  until moved || [ "$tries" -ge 100 ]; do
    tries=$((tries + 1)); sleep 0.02 9>&-
  done
fi`

/**
 * The end: the audit line and the generation are written under the lock, the lock is free before the end is told, and
 * what only costs time comes after it.
 */
const finish = (run: ActingRun): string => `
umask 077
audit="$state/${AUDIT.split('/').at(-1)}"
[ ! -e "$audit" ] || [ "$(stat -c %s "$audit")" -lt ${AUDIT_BYTES} ] ||
  { tail -n ${AUDIT_LINES} "$audit" >"$audit.new" && mv -f "$audit.new" "$audit"; } 9>&-
printf '{"version":1,"at":"%s",%s,"outcome":"%s","changed":%s%s}\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \\
  ${auditPart(run.record)} "$outcome" "$changed" "\${failed:+,\\"failed\\":$failed}" >>"$audit" || say unaudited
read -r generation <"$state/generation"
printf '%s\\n' $((generation + 1)) >"$state/generation.new" && mv -f "$state/generation.new" "$state/generation"
exec 9>&-
case $outcome in changed) say done ;; *) say "$outcome" ;; esac
truncate -s +0 "$folder/$argument.journal"
set -- "$state"/runs/*
while [ $# -gt ${RUNS_KEPT} ]; do
  running=
  for each in "$1"/*.journal; do
    [ ! -e "$each" ] || flock -n "$each" true || running=$each
  done
  [ -n "$running" ] || [ "$1" = "$folder" ] || rm -rf "$1"
  shift
done`

/**
 * The program that works: all steps of a plan, stopping at the first that fails or when a stop is asked for; handlers
 * that are due by then stay due. Its stdout is the journal, file descriptor 9 the host's lock, `$argument` the journal's
 * number. No client is needed from its first line on.
 */
export function workProgram(steps: readonly NumberedStep[], run: ActingRun): string {
  const { nonce, runner, record } = run
  const body = [
    'exec 3<&-',
    FUNCTIONS,
    redaction(steps),
    `steps() {\n:\n${stepsCode(steps, nonce)}\n}`,
    `cd /\numask 022\nstate=${runner.stateFolder} outcome=changed changed=0 failed=`,
    `folder=$state/runs/${record.id}`,
    scope(record.id),
    'steps',
    finish(run),
  ]
  return program(nonce, body.join('\n'))
}
