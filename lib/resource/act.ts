import { Secret, revealed } from '../shell/secret.ts'
import { quote } from '../shell/quote.ts'
import type { HostPlan } from './plan.ts'
import { handlerKey } from './plan.ts'
import type { Runner } from './program.ts'
import { program } from './program.ts'
import type { Step } from './resource.ts'

const DEFAULT_TIMEOUT = 600

/** Whose run it is: what the next one is told while this one holds the host. */
export interface RunIdentity {
  readonly runId: string
  readonly owner: string
}

/** A step with what it belongs to, in the order of the acting program. */
export interface NumberedStep {
  readonly resource: string
  readonly step: Step
  /** Keys of the handlers that become due before it runs. */
  readonly marks: readonly string[]
  /** Key of the handler that is done once it has succeeded. */
  readonly clears?: string
}

/** All steps of a plan: those of its items, then its handlers. */
export function numberedSteps(plan: HostPlan): NumberedStep[] {
  const steps = plan.items.flatMap(({ resource, steps: parts, notify }) =>
    parts.map(step => ({ resource, step, marks: notify.map(handlerKey) })),
  )
  const handlers = plan.handlers.map(handler => ({
    resource: handler.id,
    step: { title: handler.id, script: handler.script, timeout: handler.timeout ?? DEFAULT_TIMEOUT },
    marks: [],
    clears: handlerKey(handler),
  }))
  return [...steps, ...handlers]
}

/** Seconds that the steps may take at most, all together. */
export const longest = (steps: readonly NumberedStep[]): number =>
  steps.reduce((sum, { step }) => sum + (step.timeout ?? DEFAULT_TIMEOUT), 0)

/**
 * The functions of the acting program. A step's output goes through `relay`, which goes on reading when the client has
 * gone, so that a step in the middle of its work never meets a broken pipe; it ends at the step's own last line, not at
 * the end of the stream, so that a daemon which kept the stream open does not hold the run up. The marker after the
 * step is written by `main` itself: when that fails, nobody listens, and nothing more is begun.
 */
const FUNCTIONS = `
say() { printf '\\n%s %s\\n' "$nonce" "$*" 2>/dev/null; }
clock() { read -r up _ </proc/uptime; now=\${up%.*}\${up#*.}; }
mark() { mkdir -p "$state/pending" && true >"$state/pending/$1"; }
relay() {
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    '') ;;
    "$nonce "*) return "\${line##* }" ;;
    *) printf '%s\\n' "$line" 2>/dev/null || : ;;
    esac
  done
  return 255
}
begin() { say begin "$1" || return 1; clock; began=$now; }
end() { clock; say end "$1" "$2" $(((now - began) * 10)) && [ "$2" -eq 0 ]; }`

const lock = ({ runFolder, stateFolder }: Runner, { runId, owner }: RunIdentity): string => `
trap '' HUP PIPE
umask 077
cd /
run=${runFolder} state=${stateFolder}
mkdir -p "$run" "$state" && chmod 0700 "$run" "$state" && exec 9>>"$run/lock" || return 1
flock -n -E 75 9 || {
  [ $? -eq 75 ] || return 1
  say held; cat "$run/lock"; say done; return 0
}
printf '%s\\n' ${quote(oneLine(owner))} ${quote(oneLine(runId))} "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$run/lock"
umask 022`

const oneLine = (text: string): string => text.replaceAll(/[\0-\x1f\x7f]+/g, ' ')

/** A heredoc keeps text as it is, but always ends with a newline; all else travels as base64. */
function stdinOf(step: Step, delimiter: string): { before: string; redirect: string; body: string } {
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
function stepCode(numbered: NumberedStep, index: number, nonce: string): string {
  const { step, marks, clears } = numbered
  const input = stdinOf(step, `${nonce}-stdin`)
  const code = `${nonce}-code`
  return `
begin ${index} || return 0
${marks.map(key => `mark ${key} || { end ${index} 1; return 0; }\n`).join('')}{
trap - PIPE
${input.before}timeout -k 10 ${step.timeout ?? DEFAULT_TIMEOUT} sh /dev/fd/3 3<<'${code}' ${input.redirect} 2>&1
set -eu
${step.script}
${code}
${input.body}printf '\\n%s %s\\n' "$nonce" "$?"
} 9>&- | relay 9>&-
code=$?
${clears === undefined ? '' : `[ "$code" -ne 0 ] || rm -f "$state/pending/${clears}"\n`}end ${index} "$code" || return 0`
}

/**
 * One program for a whole plan. It holds the host's lock, says when each step begins and ends, and stops at the first
 * that fails: handlers that are due by then stay due. It survives the loss of its client: the step in progress ends in
 * peace, and no other one is begun.
 */
export function actProgram(
  steps: readonly NumberedStep[],
  nonce: string,
  runner: Runner,
  identity: RunIdentity,
): string {
  const codes = steps.map((step, index) => stepCode(step, index, nonce))
  return program(nonce, [FUNCTIONS, lock(runner, identity), ...codes, 'say done'].join('\n'))
}
