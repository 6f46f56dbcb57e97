import { expect, it } from 'vitest'
import { FrameDecoder } from '../../../lib/logs/frames.ts'

const SUM = 'a'.repeat(64)
const part = (sequence: number, offset: number, body: string) =>
  `range ${sequence} ${offset} ${body.length}\n${body}\nend ${sequence} ${SUM}\n`

function decode(text: string, size = 1 << 20) {
  const seen: string[] = []
  const decoder = new FrameDecoder({
    range: (...words) => void seen.push(`range ${words.join(' ')}`),
    data: bytes => void seen.push(Buffer.from(bytes).toString('latin1')),
    end: sequence => void seen.push(`end ${sequence}`),
  })
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length; at += size) decoder.feed(bytes.subarray(at, at + size))
  return { seen, done: decoder.done }
}

it('reads parts that hold anything, in chunks of any size', () => {
  const body = `\ndone\nend 1 ${SUM}\n\0\xff`
  const text = `${part(1, 0, body)}${part(2, 77, 'x')}done\n`
  expect(decode(text)).toEqual({
    seen: ['range 1 0 ' + body.length, body, 'end 1', 'range 2 77 1', 'x', 'end 2'],
    done: true,
  })
  const bytewise = decode(text, 1)
  expect(bytewise.done).toBe(true)
  expect(bytewise.seen.join('')).toBe(decode(text).seen.join(''))
})

it('is done only when all has come', () => {
  expect(decode(part(1, 0, 'x')).done).toBe(false)
  expect(decode('').done).toBe(false)
})

it.each([
  ['a part that is too short', `range 1 0 20\nshort\nend 1 ${SUM}\ndone\n`],
  ['the end of another part', `range 1 0 1\nx\nend 2 ${SUM}\n`],
  ['a part in a part', `range 1 0 1\nx\nrange 2 0 1\n`],
  ['something else', 'bash: warning\n'],
  ['a line without an end', 'x'.repeat(1000)],
])('refuses %s', (_, text) => expect(() => decode(text)).toThrow('malformed answer'))
