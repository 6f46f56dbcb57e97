import { expect, test } from 'vitest'
import { after, inOrder } from '../../../lib/resource/order.ts'
import { checkUnique } from '../../../lib/resource/plan.ts'
import { absentFile } from '../../../lib/resource/kinds/absent-file.ts'
import type { Resource } from '../../../lib/resource/resource.ts'

const [a, b, c, d]: readonly Resource[] = ['/a', '/b', '/c', '/d'].map(path => absentFile(path))
const ids = (resources: readonly Resource[]) => resources.map(({ id }) => id.slice(-1)).join('')

test('the order is as listed where nothing says otherwise', () => {
  expect(ids(inOrder([c, a, d, b].filter(item => item !== undefined)))).toBe('cadb')
})

test.each([
  ['one behind another', [...after(c ?? [], ...list(a)), ...list(b, c)], 'cab'],
  ['a chain', [...after(list(b), ...list(a)), ...after(list(c), ...list(b)), ...list(c, d)], 'cbad'],
  ['behind several', [...after(list(c, d), ...list(a)), ...list(b, c, d)], 'cdab'],
  ['already in order', [...list(a), ...after(list(a), ...list(b)), ...list(c)], 'abc'],
])('%s', (_, resources, wanted) => {
  expect(ids(inOrder(resources))).toBe(wanted)
})

test('an unknown id and a ring are refused with their names', () => {
  expect(() => checkUnique(after(list(b), ...list(a)))).toThrow('file /a: comes after file /b, which is not')
  const ring = [...after(list(b), ...list(a)), ...after(list(c), ...list(b)), ...after(list(a), ...list(c))]
  expect(() => checkUnique(ring)).toThrow(
    'wait for each other: file /a after file /b after file /c after file /a',
  )
  expect(() => checkUnique(after(list(a), ...list(a)))).toThrow('file /a after file /a')
})

function list(...resources: readonly (Resource | undefined)[]): Resource[] {
  return resources.filter(resource => resource !== undefined)
}
