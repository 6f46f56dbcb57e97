import { expect, test } from 'vitest'
import { confirm } from '../../../lib/task/confirm.ts'

/** What came of a question: `agreed`, `asked` when the terminal was asked and said yes, or the error. */
async function outcome(yes: boolean | number, isInteractive: boolean, count?: number, answer = true) {
  let asked = false
  const question = { message: 'Unlock 12 users?', ...(count === undefined ? {} : { count }) }
  const ask = async () => {
    asked = true
    return answer
  }
  try {
    await confirm(question, { yes, isInteractive, ask })
    return asked ? 'asked' : 'agreed'
  } catch (error) {
    return error
  }
}

test.each<[boolean | number, boolean, number | undefined, unknown]>([
  [true, false, undefined, 'agreed'],
  [12, false, 12, 'agreed'],
  [false, true, undefined, 'asked'],
  [false, true, 12, 'asked'],
  // A bare --yes is no count: a terminal is asked all the same.
  [true, true, 12, 'asked'],
  [false, false, undefined, { hint: 'pass --yes', exitCode: 2 }],
  [true, false, 12, { hint: 'pass --yes 12', exitCode: 2 }],
  [3, false, 12, { message: '--yes 3 does not match: this is about 12', hint: /--yes 12$/, exitCode: 2 }],
  // Not even at a terminal: the script was written for another number.
  [3, true, 12, { message: '--yes 3 does not match: this is about 12' }],
])('--yes %j, terminal %j, count %j', async (yes, isInteractive, count, expected) => {
  const got = await outcome(yes, isInteractive, count)
  if (typeof expected === 'string') expect(got).toBe(expected)
  else
    expect(got).toMatchObject(
      Object.fromEntries(
        Object.entries(expected ?? {}).map(([key, value]) => [
          key,
          value instanceof RegExp ? expect.stringMatching(value) : value,
        ]),
      ),
    )
})

test('no is no', async () => {
  expect(await outcome(false, true, 12, false)).toMatchObject({
    message: 'not confirmed: nothing was changed',
    exitCode: 8,
  })
})
