import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { file } from '../../../../lib/resource/kinds/file.ts'
import { sh } from '../../../../lib/shell/sh.ts'
import { folder } from '../../../support/folder.ts'
import { NO_PATH, judge, pathOutput } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

const path = "/etc/it's"
const wanted = file({ path, content: 'hello\n', mode: 0o640, group: 'adm' })
const write = `write ${path}`
const own = `set mode and owner of ${path}`

test.each([
  ['nothing there', NO_PATH, '6 bytes', write],
  ['as wanted', pathOutput(path, 'f 640 root adm', { content: 'hello\n' }), undefined, undefined],
  ['other content', pathOutput(path, 'f 640 root adm', { content: 'hello' }), 'content', write],
  ['other mode', pathOutput(path, 'f 4755 root adm', { content: 'hello\n' }), '4755 -> 0640', own],
  [
    'other owner',
    pathOutput(path, 'f 640 bob bob', { content: 'hello\n' }),
    'owner bob -> root, group bob -> adm',
    own,
  ],
  ['a link', pathOutput(path, 'l 777 root root', { target: '/x\ny' }), 'link -> file', write],
  ['a directory', pathOutput(path, 'd 755 root root'), 'directory -> file', write],
  ['unreadable', pathOutput(path, 'f 640 root adm'), 'content', write],
])('%s', (_, output, detail, title) => {
  const judged = judge(wanted, output)
  expect(judged.detail).toBe(detail)
  expect(judged.steps.map(step => step.title)).toEqual(title === undefined ? [] : [title])
})

test('the check sees the new file before it takes the old name', () => {
  const [step] = judge(file({ path: '/etc/x', content: '', check: sh`visudo -cf "$1"` }), NO_PATH).steps
  expect(scriptOf(step)).toMatch(/set -- "\$new"\nvisudo -cf "\$1"[^]*mv -fT/)
})

test('many files are asked for by one find and one sha256sum', () => {
  const code = wanted.kind.observe([wanted.wanted, file({ path: '/b', content: '' }).wanted])
  expect(code.match(/find |sha256sum/g)).toHaveLength(2)
})

describe('refuses', () => {
  test.each(['etc/x', '/etc/../x', '/etc//x', '/etc/', '/', '', '/a\nb', '/a\0b', String.raw`/a\b`])(
    'path %j',
    bad => {
      expect(() => file({ path: bad, content: '' })).toThrow('is not allowed')
    },
  )
  test.each(['root; reboot', '-x', 'a b', '$(id)', ''])('owner %j', owner => {
    expect(() => file({ path: '/x', content: '', owner })).toThrow('is not allowed')
  })
  test.each([-1, 0o10000, 1.5, Number.NaN])('mode %j', mode => {
    expect(() => file({ path: '/x', content: '', mode })).toThrow('is not allowed')
  })
})

test.each([
  ['good', 'new'],
  ['bad', 'old'],
])('a real sh: what its check finds %s leaves the %s one, and nothing beside it', (found, left) => {
  const at = folder({ data: 'old' })
  const mine = (flag: string) => execFileSync('id', [flag], { encoding: 'utf8' }).trim()
  const { steps } = judge(
    file({
      path: join(at, 'data'),
      content: 'new',
      owner: mine('-un'),
      group: mine('-gn'),
      check: sh`[ ${found} = good ]`,
    }),
    NO_PATH,
  )
  const [step] = steps
  const { status } = spawnSync('sh', ['-c', 'printf new | sh -euc "$1"', 'sh', scriptOf(step) ?? 'exit 99'])
  expect([status, readFileSync(join(at, 'data'), 'utf8'), readdirSync(at)]).toEqual([
    found === 'good' ? 0 : 1,
    left,
    ['data'],
  ])
})
