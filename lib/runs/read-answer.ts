import { z } from 'zod'
import { parseFrames, type Frame } from '../resource/frames.ts'
import { sanitise } from '../text/sanitise.ts'
import { endedSchema } from './ended.ts'
import type { HostRun, RunFlip } from './host-run.ts'
import { byOurClock } from './host-time.ts'
import { parseJournal, type Journal } from './journal.ts'
import { auditLineSchema, runRecordSchema, type AuditLine, type RunRecord } from './record.ts'

/** What a host keeps of runs. */
export interface HostAnswer {
  readonly runs: readonly HostRun[]
  readonly audit: readonly AuditLine[]
  /** Lines of the audit log that are none. */
  readonly unreadable: number
  /** The audit log is longer than what was read of it. */
  readonly isAuditPart: boolean
}

interface Section {
  readonly words: readonly string[]
  readonly bytes: Buffer
}

const stopSchema = z.object({ by: z.string(), at: z.string() }).catch({ by: 'somebody', at: '' })
const newer = z.object({ version: z.number().int().min(2) })

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

/** The record of a run, or why it is none that can be used. */
export function parseRecord(bytes: Buffer | undefined, id: string): RunRecord | string {
  if (bytes === undefined) return 'it has no record'
  const json = jsonOf(bytes)
  if (json === undefined) return 'its record is no JSON, or was cut short'
  if (newer.safeParse(json).success) return 'a newer version of fleet wrote its record'
  const parsed = runRecordSchema.safeParse(json)
  if (!parsed.success) return 'its record is not that of a run'
  return parsed.data.id === id ? parsed.data : 'its record is that of another run'
}

function sections(frames: readonly Frame[]): Section[] {
  const found: { words: readonly string[]; parts: Buffer[] }[] = []
  for (const frame of frames) {
    if (frame.type === 'marker') found.push({ words: frame.words, parts: [] })
    else found.at(-1)?.parts.push(frame.bytes)
  }
  return found.map(({ words, parts }) => ({ words, bytes: Buffer.concat(parts) }))
}

function journalOf({ words, bytes }: Section, boot: string): Journal {
  const [, name = '', lock] = words
  if (lock !== '0' && lock !== '75') {
    return { name, state: 'unreadable', why: 'nobody can tell whether it runs: flock failed', steps: [] }
  }
  return parseJournal(name, bytes, { isHeld: lock === '75', boot })
}

/** The last flip of each service; `clock` is the host's, in seconds since 1970. */
function flipsOf(bytes: Buffer | undefined, clock: number): readonly RunFlip[] {
  const flips = new Map<string, RunFlip>()
  for (const line of bytes?.toString('utf8').split('\n') ?? []) {
    const [, service = '', slot = '', outcome, written = ''] =
      /^([\w.-]+) (blue|green) (flipped|stopped) (\S+)$/.exec(line) ?? []
    if (outcome !== 'flipped' && outcome !== 'stopped') continue
    flips.set(service, { service, slot, outcome, at: byOurClock(written, clock, Date.now()) })
  }
  return [...flips.values()]
}

function runOf(id: string, parts: readonly Section[], boot: string, clock: number): HostRun {
  const bytesOf = (word: string) => parts.find(({ words }) => words[0] === word)?.bytes
  const stop = bytesOf('stop')
  const ended = endedSchema.safeParse(jsonOf(bytesOf('ended') ?? Buffer.alloc(0)))
  const flips = flipsOf(bytesOf('flips'), clock)
  const by = stop === undefined ? undefined : stopSchema.parse(jsonOf(stop))
  return {
    id,
    record: parseRecord(bytesOf('record'), id),
    journals: parts.filter(({ words }) => words[0] === 'journal').map(part => journalOf(part, boot)),
    ...(by === undefined ? {} : { stop: { by: sanitise(by.by), at: sanitise(by.at) } }),
    ...(flips.length === 0 ? {} : { flips }),
    ...(ended.success ? { ended: ended.data } : {}),
  }
}

/** Reads what the reading program printed; undefined when it did not come to its end. */
export function readAnswer(nonce: string, stdout: Uint8Array): HostAnswer | undefined {
  const all = sections(parseFrames(nonce, stdout))
  const [first] = all
  if (first?.words[0] !== 'host' || all.at(-1)?.words[0] !== 'done') return undefined
  const [, boot = '', clock = ''] = first.words
  const runs: { id: string; parts: Section[] }[] = []
  for (const section of all) {
    const [word, id = ''] = section.words
    if (word === 'run') runs.push({ id, parts: [] })
    else if (word !== 'audit' && word !== 'done') runs.at(-1)?.parts.push(section)
  }
  const log = all.find(({ words }) => words[0] === 'audit')
  const lines = (log?.bytes.toString('utf8') ?? '').split('\n').filter(line => line !== '')
  const audit = lines.flatMap(line => {
    const parsed = auditLineSchema.safeParse(jsonOf(Buffer.from(line)))
    return parsed.success ? [parsed.data] : []
  })
  return {
    runs: runs.map(({ id, parts }) => runOf(id, parts, boot, Number(clock))),
    audit,
    unreadable: lines.length - audit.length,
    isAuditPart: log?.words[1] === 'part',
  }
}
