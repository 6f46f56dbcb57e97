import { byOurClock } from '../runs/host-time.ts'
import { sanitise } from '../text/sanitise.ts'
import { parseFrames } from './frames.ts'

/** Whose run holds a host, as its lock file says. */
export interface Holder {
  readonly owner: string
  readonly run: string
  /** ISO 8601, by our clock. */
  readonly since: string
  readonly message: string
}

/** Why nothing was begun. */
export type Refusal =
  | { readonly type: 'held'; readonly by: Holder }
  /** Another run acted since the host was observed. */
  | { readonly type: 'moved' }
  /** A stop was asked for before the first step. */
  | { readonly type: 'stopped' }

function holderOf(text: string, clock: number): Holder {
  const [owner = '', run = '', since = '', message = ''] = text.split('\n').map(line => sanitise(line))
  const when = byOurClock(since, clock, Date.now()) || 'just now'
  return { owner: owner || 'somebody', run: run || 'unknown', since: when, message }
}

/** Reads what a launching program says before its journal begins; the rest is the journal's own bytes. */
export class LaunchReader {
  readonly #nonce: string
  readonly #start: string
  #head = Buffer.alloc(0)
  /** The number of the journal, `001`; undefined as long as nothing was begun. */
  journal: string | undefined
  waitsFor: Holder | undefined
  refusal: Refusal | undefined

  constructor(nonce: string) {
    this.#nonce = nonce
    this.#start = `\n${nonce} journal `
  }

  /** The bytes of the chunk that belong to the journal. */
  push(chunk: Uint8Array): Uint8Array {
    if (this.journal !== undefined) return chunk
    this.#head = Buffer.concat([this.#head, chunk])
    const at = this.#head.indexOf(this.#start)
    const end = at < 0 ? -1 : this.#head.indexOf('\n', at + 1)
    this.#take(this.#head.subarray(0, at < 0 ? undefined : at))
    if (end < 0) return Buffer.alloc(0)
    this.journal = this.#head.toString('utf8', at + this.#start.length, end)
    return this.#head.subarray(end + 1)
  }

  #take(head: Buffer): void {
    let word = ''
    let clock = Number.NaN
    let said = ''
    for (const frame of parseFrames(this.#nonce, head)) {
      if (frame.type === 'data') {
        said += frame.bytes.toString('utf8')
        continue
      }
      const [next = '', time] = frame.words
      if (next === 'moved' || next === 'stopped') this.refusal = { type: next }
      if (next === 'told' && word === 'waiting') this.waitsFor = holderOf(said, clock)
      if (next === 'told' && word === 'held') this.refusal = { type: 'held', by: holderOf(said, clock) }
      word = next
      clock = Number(time)
      said = ''
    }
  }
}
