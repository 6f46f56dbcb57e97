import { expect, test } from 'vitest'
import { absentFile } from '../../../../lib/resource/kinds/absent-file.ts'
import { directory } from '../../../../lib/resource/kinds/directory.ts'
import { symlink } from '../../../../lib/resource/kinds/symlink.ts'
import type { Resource } from '../../../../lib/resource/resource.ts'
import { NO_PATH, judge, pathOutput } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

const folder: Resource = directory({ path: '/srv/a b', mode: 0o750, owner: 'app' })
const link: Resource = symlink({ path: '/srv/current', target: 'releases/2' })
const absent: Resource = absentFile('/etc/old')

test.each([
  [folder, NO_PATH, '0750'],
  [folder, pathOutput('/srv/a b', 'd 750 app app'), undefined],
  [folder, pathOutput('/srv/a b', 'd 755 app root'), '0755 -> 0750, group root -> app'],
  [folder, pathOutput('/srv/a b', 'l 777 app app', { target: '/x' }), 'link -> directory'],
  [link, NO_PATH, '-> releases/2'],
  [link, pathOutput('/srv/current', 'l 777 root root', { target: 'releases/2' }), undefined],
  [link, pathOutput('/srv/current', 'l 777 root root', { target: 'releases/1' }), 'releases/1 -> releases/2'],
  [link, pathOutput('/srv/current', 'f 644 root root'), 'file -> link to releases/2'],
  [absent, NO_PATH, undefined],
  [absent, pathOutput('/etc/old', 'l 777 root root', { target: 'x' }), 'link'],
])('%#: $id', (resource, output, detail) => {
  const judged = judge(resource, output)
  expect(judged.detail).toBe(detail)
  expect(judged.steps).toHaveLength(detail === undefined ? 0 : 1)
})

test('hostile targets are refused or quoted', () => {
  expect(() => symlink({ path: '/x', target: 'a\nb' })).toThrow('control characters')
  expect(() => symlink({ path: '/x', target: '' })).toThrow('empty')
  const [step] = judge(symlink({ path: '/x', target: "'; reboot" }), NO_PATH).steps
  expect(scriptOf(step)).toContain(String.raw`ln -sn -- ''\''; reboot' "$new"`)
})
