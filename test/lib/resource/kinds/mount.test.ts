import { expect, test } from 'vitest'
import { absentMount, mount } from '../../../../lib/resource/kinds/mount.ts'
import type { Resource } from '../../../../lib/resource/resource.ts'
import { judge } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

const tmpfs = mount({ path: '/srv/a b', from: 'tmpfs', options: ['size=8m'] })
const LINE = String.raw`tmpfs /srv/a\040b tmpfs size=8m 0 0`
const bind = mount({ path: '/mnt/x', from: { bind: '/srv/data' }, options: ['ro'] })

test.each([
  [tmpfs, '= no\n', LINE, /[^r]mount -- '\/srv\/a b'$/],
  [tmpfs, `${LINE}\n= yes\n`, undefined, undefined],
  [tmpfs, `${LINE}\n= no\n`, 'not mounted', /\nmount -- /],
  [
    tmpfs,
    `${LINE.replace('8m', '4m')}\n= yes\n`,
    `${LINE.replace('8m', '4m')} -> ${LINE}`,
    /\nmount -o remount -- /,
  ],
  [
    bind,
    'tmpfs /mnt/x tmpfs defaults 0 0\n= yes\n',
    'tmpfs /mnt/x tmpfs defaults 0 0 -> /srv/data /mnt/x none bind,ro 0 0',
    /\numount -- \/mnt\/x\nmount -- /,
  ],
  [absentMount('/mnt/x'), '= no\n', undefined, undefined],
  [absentMount('/mnt/x'), 'a /mnt/x b c 0 0\n= yes\n', 'unmount, - a /mnt/x b c 0 0', /^umount -- \/mnt\/x/],
] satisfies [Resource, string, string | undefined, RegExp | undefined][])(
  '%#',
  (resource, output, detail, script) => {
    const judged = judge(resource, output)
    expect(judged.detail).toBe(detail)
    expect(scriptOf(judged.steps[0]) ?? '').toMatch(script ?? /^$/)
  },
)

test('answers go to their mounts', () => {
  const seen = bind.kind.parse('a /x\n= no\n= yes\nb /y\nc /y\n= no\n', [
    bind.wanted,
    bind.wanted,
    bind.wanted,
  ])
  expect(seen).toEqual([
    { lines: ['a /x'], mounted: false },
    { lines: [], mounted: true },
    { lines: ['b /y', 'c /y'], mounted: false },
  ])
})

test.each([
  { path: 'x' },
  { path: '/x', options: ['a b'] },
  { path: '/x', options: ['a\nb'] },
  { path: '/x', options: ['-o'] },
  { path: '/x', from: { bind: '/x' } },
  { path: '/x', from: { device: 'sda', type: 'ext4' } },
  { path: '/x', from: { device: '/dev/sda x', type: 'ext4' } },
  { path: '/x', from: { device: '/dev/sda', type: 'ext4 x' } },
])('refuses %j', bad => {
  expect(() => mount({ from: 'tmpfs', ...bad })).toThrow(/not allowed|itself/)
})
