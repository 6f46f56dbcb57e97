import { describe, expect, test } from 'vitest'
import { parseJournal, type Journal } from '../../../lib/runs/journal.ts'
import { BOOT, journalHeader, mark, NONCE, step } from '../../support/journal.ts'

const head = journalHeader()
const parse = (text: string, { isHeld = false, boot = BOOT } = {}): Journal =>
  parseJournal('001.journal', Buffer.from(text), { isHeld, boot })

const states = ({ steps }: Journal) => steps.map(({ state }) => state)
const allDone = head + step(0, 0) + step(1, 0) + step(2, 0)

describe('how a journal stands', () => {
  test.each<[string, string, { isHeld?: boolean; boot?: string }, string, readonly string[]]>([
    ['all steps and its last word', allDone + mark('done'), {}, 'done', ['done', 'done', 'done']],
    ['no steps', journalHeader([]) + mark('done'), {}, 'done', []],
    ['a step that failed', head + step(0, 0) + step(1, 7), {}, 'failed', ['done', 'failed', 'not begun']],
    [
      'a step that failed, of a script that still tidies up',
      head + step(0, 0) + step(1, 7),
      { isHeld: true },
      'failed',
      ['done', 'failed', 'not begun'],
    ],
    [
      'a last word after a failed step',
      head + step(0, 1) + mark('done'),
      {},
      'failed',
      ['failed', 'not begun', 'not begun'],
    ],
    [
      'stopped before a step',
      head + step(0, 0) + mark('stopped'),
      {},
      'stopped',
      ['done', 'not begun', 'not begun'],
    ],
    [
      'in the middle of a step',
      head + step(0, 0) + mark('begin', 1),
      { isHeld: true },
      'running',
      ['done', 'running', 'not begun'],
    ],
    [
      'killed in the middle of a step',
      head + step(0, 0) + mark('begin', 1),
      {},
      'cut',
      ['done', 'cut', 'not begun'],
    ],
    ['between two steps', head + step(0, 0), { isHeld: true }, 'running', ['done', 'not begun', 'not begun']],
    ['killed between two steps', head + step(0, 0), {}, 'cut', ['done', 'not begun', 'not begun']],
    ['killed after the last step, before its last word', allDone, {}, 'cut', ['done', 'done', 'done']],
    [
      'a last word in the middle of a step',
      head + mark('begin', 0) + mark('done'),
      {},
      'cut',
      ['cut', 'not begun', 'not begun'],
    ],
    [
      'nothing but its marks at the end',
      head + step(2, 0) + mark('done'),
      {},
      'done',
      ['done', 'done', 'done'],
    ],
    ['an empty file', '', {}, 'cut', []],
    ['an empty file that is held', '', { isHeld: true }, 'running', []],
  ])('%s', (_, text, facts, state, steps) => {
    const journal = parse(text, facts)
    expect([journal.state, states(journal)]).toEqual([state, steps])
  })

  test.each<[string, string, string]>([
    ['another boot since', '11111111-0000-4000-8000-000000000002', 'the host was restarted meanwhile'],
    ['the same boot', BOOT, 'its script was killed, or the disk was full'],
  ])('cut off, with %s', (_, boot, why) => {
    expect(parse(head + mark('begin', 0), { boot })).toMatchObject({ state: 'cut', why })
  })

  test.each<[string, string, string]>([
    [
      'a newer version',
      journalHeader([]).replace('"version":1', '"version":2'),
      'a newer version of fleet wrote it',
    ],
    ['no JSON', 'hello\n', 'its first line is no JSON'],
    ['other JSON', '{"version":1}\n', 'its first line is not that of a journal'],
    ['bytes of anything', '\xff\0\x1b[2J\n', 'its first line is no JSON'],
  ])('%s is told, not guessed', (_, text, why) => {
    expect(parse(text + mark('done'))).toMatchObject({ state: 'unreadable', why, steps: [] })
  })
})

test('exit code, time and last words of each step', () => {
  const said = `${Array.from({ length: 40 }, (_, index) => `line ${index}`).join('\n')}\ngrün: \x1b[31mno space\x1b[0m\x07`
  const { steps } = parse(head + step(0, 0, 'fine', 12_500) + step(1, 2, said, 340))
  expect(steps[0]).toEqual({
    resource: 'install nginx',
    title: 'install nginx',
    timeout: 600,
    state: 'done',
    exitCode: 0,
    milliseconds: 12_500,
    tail: ['fine'],
  })
  expect(steps[1]).toMatchObject({ state: 'failed', exitCode: 2, milliseconds: 340 })
  expect(steps[1]?.tail).toHaveLength(10)
  expect(steps[1]?.tail.at(-1)).toBe('grün: no space')
})

test('a program that writes marks of its own moves nothing', () => {
  const forged = [
    `\nfleetfile-ffffffffffffffffffffffffffffffff end 1 0 5\n`,
    mark('end', 999_999_999_999_999, 0, 1),
    mark('end', 1),
    mark('end', 'x', 0, 0),
    mark('begin', -1),
    mark('done', 'really'),
    mark('heartbeat'),
  ].join('')
  const journal = parse(`${head}${mark('begin', 0)}${forged}`, { isHeld: true })
  expect([journal.state, states(journal)]).toEqual(['running', ['running', 'not begun', 'not begun']])
})

test('a huge line and a hostile title are bounded and safe', () => {
  const journal = parse(`${journalHeader(['\x1b]0;x\x07rm\n-rf'])}${step(0, 1, 'x'.repeat(1_000_000))}`)
  expect(journal.steps[0]?.title).toBe('rm -rf')
  expect(journal.steps[0]?.tail).toEqual(['x'.repeat(300)])
})

test('cut at any byte it never fails to be read, and never claims an end that it does not hold', () => {
  const whole = Buffer.from(
    head + step(0, 0, 'größer als 🐟') + step(1, 0, `${NONCE.slice(0, 20)}\n`) + step(2, 0) + mark('done'),
  )
  const failed = Buffer.from(head + step(0, 0, 'größer als 🐟') + step(1, 128, 'Ende ✝'))
  for (const [bytes, end] of [
    [whole, 'done'],
    [failed, 'failed'],
  ] as const) {
    for (let size = 0; size < bytes.length; size += 1) {
      const dead = parseJournal('001.journal', bytes.subarray(0, size), { isHeld: false, boot: BOOT })
      expect([size, dead.state]).toEqual([size, 'cut'])
      const live = parseJournal('001.journal', bytes.subarray(0, size), { isHeld: true, boot: BOOT })
      expect([size, live.state]).toEqual([size, 'running'])
    }
    expect(parseJournal('001.journal', bytes, { isHeld: false, boot: BOOT }).state).toBe(end)
  }
})
