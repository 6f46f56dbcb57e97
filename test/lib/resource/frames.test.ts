import { expect, test } from 'vitest'
import { FrameReader, parseFrames } from '../../../lib/resource/frames.ts'
import type { Frame } from '../../../lib/resource/frames.ts'

const N = 'fleetfile-0123'

/** Frames in short: data joined, markers in brackets. */
const short = (frames: readonly Frame[]): string =>
  frames
    .map(frame => (frame.type === 'data' ? frame.bytes.toString() : `[${frame.words.join(' ')}]`))
    .join('')

const CASES: readonly (readonly [string, string])[] = [
  ['', ''],
  ['plain', 'plain'],
  [`\n${N} begin 0\nout\n\n${N} end 0 0 12\n`, '[begin 0]out\n[end 0 0 12]'],
  [`\n${N} begin 0\nno newline\n${N} end 0 1 0\n`, '[begin 0]no newline[end 0 1 0]'],
  [`\n${N} begin\n\n${N} end 0\n\n${N} begin\n`, '[begin][end 0][begin]'],
  [`a ${N} in a line\n${N}x is none\n${N}`, `a ${N} in a line\n${N}x is none\n${N}`],
  [`\n\n\n${N} done\n`, '\n\n[done]'],
  [`ü\0\n${N} done\nrest`, 'ü\0[done]rest'],
  [`\n${N} cut in the mid`, `\n${N} cut in the mid`],
]

test.each(CASES)('%j', (stream, wanted) => {
  expect(short(parseFrames(N, Buffer.from(stream)))).toBe(wanted)
})

test.each(CASES)('%j in chunks cut anywhere', (stream, wanted) => {
  const bytes = Buffer.from(stream)
  for (let size = 1; size <= Math.min(bytes.length, 20); size += 1) {
    const reader = new FrameReader(N)
    const frames: Frame[] = []
    for (let at = 0; at < bytes.length; at += size) frames.push(...reader.push(bytes.subarray(at, at + size)))
    frames.push(...reader.end())
    const data = Buffer.concat(
      frames.map(frame => (frame.type === 'data' ? frame.bytes : Buffer.from(`[${frame.words.join(' ')}]`))),
    )
    expect(data.toString()).toBe(wanted)
  }
})

test('data comes as soon as it cannot be a marker', () => {
  const reader = new FrameReader(N)
  expect(short(reader.push(Buffer.from('half a line')))).toBe('half a line')
  expect(short(reader.push(Buffer.from('\nfleet')))).toBe('')
  expect(short(reader.push(Buffer.from(' of ships')))).toBe('\nfleet of ships')
})
