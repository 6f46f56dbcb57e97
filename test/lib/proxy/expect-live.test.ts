import { expect, test } from 'vitest'
import { expectLive } from '../../../lib/proxy/expect-live.ts'
import type { Slot } from '../../../lib/swap/slot.ts'

test.each([
  ['blue', 'blue', undefined],
  [undefined, undefined, undefined],
  ['green', 'blue', 'green takes the requests of web now, not blue'],
  ['mixed', 'blue', 'both slots take the requests of web now, not blue'],
  ['green', undefined, 'green takes the requests of web now, not none'],
] as const)('%s serves, %s is expected', async (live, expected: Slot | undefined, message) => {
  const swap = {
    ctx: { signal: new AbortController().signal },
    target: { name: 'web' },
    read: () => Promise.resolve({ servers: [], live }),
  }
  const reading = expectLive(swap, expected)
  if (message === undefined) await expect(reading).resolves.toMatchObject({ live })
  else
    await expect(reading).rejects.toMatchObject({
      exitCode: 7,
      message: expect.stringContaining(message) as unknown,
    })
})
