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

test.each<[boolean | number, boolean, number | undefined, string]>([
  [true, false, undefined, 'agreed'],
  [12, false, 12, 'agreed'],
  [false, true, undefined, 'asked'],
  [false, true, 12, 'asked'],
  // A bare --yes is no count: a terminal is asked all the same.
  [true, true, 12, 'asked'],
])('--yes %j, terminal %j, count %j: %s', async (yes, isInteractive, count, expected) => {
  expect(await outcome(yes, isInteractive, count)).toBe(expected)
})

const nobody = 'Unlock 12 users? Nobody can be asked here.'
const another = '--yes 3 does not match: this is about 12'

test.each<[boolean | number, boolean, number | undefined, string, string]>([
  [false, false, undefined, nobody, 'pass --yes'],
  [true, false, 12, nobody, 'pass --yes 12'],
  [3, false, 12, another, 'look at the sample, then pass --yes 12'],
  // Not even at a terminal: the script was written for another number.
  [3, true, 12, another, 'look at the sample, then pass --yes 12'],
])('--yes %j, terminal %j, count %j is refused', async (yes, isInteractive, count, message, hint) => {
  expect(await outcome(yes, isInteractive, count)).toMatchObject({ message, hint, exitCode: 2 })
})

test('no is no', async () => {
  expect(await outcome(false, true, 12, false)).toMatchObject({
    message: 'not confirmed: nothing was changed',
    exitCode: 8,
  })
})
