import { AbortedError } from '../errors.ts'
import type { NotedFlip } from './proxy.ts'
import { FLIPS, RUNS, STOP } from '../runs/record.ts'
import { rawShell, sh } from '../shell/sh.ts'

/** What the command says, and nothing else, when it may not flip. */
const STOPPED = 'fleetfile: stopped before the flip'

/** Code in front of what a proxy is told, and the code right after it, which note a flip in its run's folder. */
export function notedFlip(service: string, flip: NotedFlip | undefined): { before: string; after: string } {
  if (flip === undefined) return { before: ':', after: ':' }
  const { runId, slot, always = false } = flip
  const folder = `${RUNS}/${runId}`
  const note = (word: string) =>
    sh`printf '%s %s %s %s\n' ${service} ${slot} ${word} "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >>${`${folder}/${FLIPS}`}`
      .text
  const check =
    sh`[ ! -e ${`${folder}/${STOP}`} ] || { ${rawShell(note('stopped'))}; echo ${STOPPED}; exit 0; }`.text
  const before = sh`(umask 077; mkdir -p ${folder})
${rawShell(always ? ':' : check)}`.text
  // The flip is made by then: a full disk must not make it look undone.
  return { before, after: `${note('flipped')} || :` }
}

/** Throws an AbortedError when the command's answer is that its run was asked to stop. */
export function refuseStopped(answer: string, service: string, flip: NotedFlip | undefined): void {
  if (flip === undefined || !answer.includes(STOPPED)) return
  throw new AbortedError(`asked to stop before the flip of ${service} to ${flip.slot}: nothing was flipped`, {
    hint: `fleet show ${flip.runId}, fleet resume ${flip.runId}`,
  })
}
