import { expect, test } from 'vitest'
import { movedSince } from '../../../lib/plan/compare.ts'
import type { PlannedChange } from '../../../lib/events/event.ts'

const file = (detail: string, diff = ''): PlannedChange => ({
  resource: 'file /a',
  action: 'change',
  detail,
  diff,
})
const cron: PlannedChange = { resource: 'cron b', action: 'create', detail: '3 bytes' }
const host = (changes: readonly PlannedChange[], hash = JSON.stringify(changes)) => ({ changes, hash })
const plan = (hosts: Readonly<Record<string, ReturnType<typeof host>>>) => new Map(Object.entries(hosts))

test.each<[string, ReturnType<typeof plan>, ReturnType<typeof plan>, string[]]>([
  ['the same', plan({ a: host([cron]) }), plan({ a: host([cron]) }), []],
  ['new', plan({ a: host([]) }), plan({ a: host([cron]) }), ['a: new: cron b create 3 bytes']],
  ['gone', plan({ a: host([cron]) }), plan({ a: host([]) }), ['a: gone: cron b create 3 bytes']],
  [
    'changed',
    plan({ a: host([file('content')]) }),
    plan({ a: host([file('0600 -> 0644')]) }),
    ['a: changed: file /a change content, now change 0600 -> 0644'],
  ],
  [
    'another content',
    plan({ a: host([file('content', '-x')]) }),
    plan({ a: host([file('content', '-y')]) }),
    ['a: changed: file /a has another content now'],
  ],
  [
    'other steps',
    plan({ a: host([cron], '1') }),
    plan({ a: host([cron], '2') }),
    ['a: changed: the same resources by other steps'],
  ],
  ['a new host', plan({}), plan({ a: host([]) }), ['a: new: the plan does not know this host']],
  ['a host gone', plan({ a: host([]) }), plan({}), ['a: gone: no longer a host of this plan']],
])('%s', (_, reviewed, now, lines) => {
  const moved = movedSince(reviewed, now)
  expect(moved.flatMap(each => each.differences.map(line => `${each.host}: ${line}`))).toEqual(lines)
})
