import { z } from 'zod'
import { FrameReader } from '../resource/frames.ts'
import { LineSplitter } from '../text/line-splitter.ts'
import { sanitise } from '../text/sanitise.ts'
import { journalHeaderSchema, type JournalHeader } from './record.ts'

/** Lines of a step's output that are kept, and the characters of each. */
const KEPT = { lines: 10, width: 300 }

/** How an acting script stands, or ended. `cut`: it is gone and never said how it ended. */
export type JournalState = 'running' | 'done' | 'failed' | 'stopped' | 'cut' | 'unreadable'

/** One step of an acting script. `cut`: it had begun when the script was cut off, so that nobody knows its end. */
export interface JournalStep {
  readonly resource: string
  readonly title: string
  readonly state: 'done' | 'failed' | 'running' | 'cut' | 'not begun'
  readonly exitCode?: number
  readonly milliseconds?: number
  /** Seconds it may take. */
  readonly timeout: number
  /** The last lines that it said, safe to print. */
  readonly tail: readonly string[]
}

/** What one acting script did on one host. */
export interface Journal {
  /** `001.journal` */
  readonly name: string
  readonly state: JournalState
  /** Why it is `cut` or `unreadable`, in words. */
  readonly why?: string
  /** ISO 8601, by the host's clock. */
  readonly startedAt?: string
  readonly steps: readonly JournalStep[]
}

/** What is known of a journal beside its bytes. */
export interface JournalFacts {
  /** Its script still holds it. */
  readonly isHeld: boolean
  /** The host's boot id now. */
  readonly boot: string
}

type Word = 'done' | 'failed' | 'stopped'

interface Marks {
  readonly steps: readonly JournalStep[]
  /** The last word of the script. */
  readonly word: Word | undefined
}

const newer = z.object({ version: z.number().int().min(2) })

function headerOf(line: string): JournalHeader | string {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return 'its first line is no JSON'
  }
  if (newer.safeParse(json).success) return 'a newer version of fleet wrote it'
  const parsed = journalHeaderSchema.safeParse(json)
  return parsed.success ? parsed.data : 'its first line is not that of a journal'
}

/**
 * Reads a journal, whole or cut anywhere, also in the middle of a marker or of a character. Says `done` only of one that
 * says so itself. Never throws.
 */
export function parseJournal(name: string, bytes: Uint8Array, { isHeld, boot }: JournalFacts): Journal {
  const buffer = Buffer.from(bytes)
  const end = buffer.indexOf(10)
  if (end === -1) {
    // The header is written at once: what is there without its end never began a step.
    const why = 'before its first step'
    return isHeld ? { name, state: 'running', steps: [] } : { name, state: 'cut', why, steps: [] }
  }
  const header = headerOf(buffer.toString('utf8', 0, end))
  if (typeof header === 'string') return { name, state: 'unreadable', why: header, steps: [] }
  const { steps, word } = readMarks(header, buffer.subarray(end))
  const { startedAt } = header
  const failed = steps.some(step => step.state === 'failed')
  const open = steps.some(step => step.state === 'running')
  if (failed || word === 'failed') return { name, state: 'failed', startedAt, steps }
  if (word !== undefined && !open) return { name, state: word, startedAt, steps }
  if (isHeld) return { name, state: 'running', startedAt, steps }
  const why =
    header.boot === boot ? 'its script was killed, or the disk was full' : 'the host was restarted meanwhile'
  const left = steps.map(step => (step.state === 'running' ? { ...step, state: 'cut' as const } : step))
  return { name, state: 'cut', why, startedAt, steps: left }
}

/** Follows the marks of a journal: each says something of the step that it names, what comes between is its output. */
function readMarks(header: JournalHeader, body: Uint8Array): Marks {
  const steps: JournalStep[] = header.steps.map(({ resource, title, timeout }) => ({
    resource: sanitise(resource),
    title: sanitise(title),
    timeout,
    state: 'not begun',
    tail: [],
  }))
  const lines = new LineSplitter()
  let word: Marks['word']
  let current: number | undefined
  let tail: string[] = []
  const keep = (some: readonly string[]) => {
    const said = some.filter(line => line.trim() !== '').slice(-KEPT.lines)
    tail = [...tail, ...said].slice(-KEPT.lines)
  }
  const settle = (index: number, change: Partial<JournalStep>) => {
    const step = steps[index]
    if (step !== undefined) steps[index] = { ...step, ...change }
  }
  const reader = new FrameReader(header.nonce)
  for (const frame of [...reader.push(body), ...reader.end()]) {
    if (frame.type === 'data') {
      keep(lines.push(frame.bytes))
      continue
    }
    keep(lines.end())
    const mark = markOf(frame.words, steps.length)
    if (mark === undefined) continue
    word = mark.type === 'word' ? mark.word : undefined
    if (mark.type === 'word') continue
    // A step begins only when the one before it has ended well, which a shortened journal may no longer hold.
    for (const [index, step] of steps.entries()) {
      if (index < mark.index && step.state === 'not begun') settle(index, { state: 'done' })
    }
    if (mark.type === 'begin') {
      current = mark.index
      settle(current, { state: 'running' })
    } else {
      const { index, exitCode, milliseconds } = mark
      current = undefined
      settle(index, {
        state: exitCode === 0 ? 'done' : 'failed',
        exitCode,
        milliseconds,
        tail: tail.map(shown),
      })
    }
    tail = []
  }
  keep(lines.end())
  if (current !== undefined) settle(current, { tail: tail.map(shown) })
  return { steps, word }
}

const shown = (line: string): string => sanitise(line).slice(0, KEPT.width)

type Mark =
  | { readonly type: 'word'; readonly word: Word }
  | { readonly type: 'begin'; readonly index: number }
  | { readonly type: 'end'; readonly index: number; readonly exitCode: number; readonly milliseconds: number }

/** A marker that says what the contract knows, of a step that there is. Any other is passed over. */
function markOf(words: readonly string[], count: number): Mark | undefined {
  const [word, ...rest] = words
  if ((word === 'done' || word === 'failed' || word === 'stopped') && rest.length === 0) {
    return { type: 'word', word }
  }
  if (!rest.every(text => /^\d{1,15}$/.test(text))) return undefined
  const [index, exitCode, milliseconds] = rest.map(Number)
  if (index === undefined || index >= count) return undefined
  if (word === 'begin' && rest.length === 1) return { type: 'begin', index }
  if (word !== 'end' || exitCode === undefined || milliseconds === undefined) return undefined
  return { type: 'end', index, exitCode, milliseconds }
}
