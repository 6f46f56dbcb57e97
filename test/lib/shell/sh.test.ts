import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { Secret } from '../../../lib/shell/secret.ts'
import { rawShell, sh, type Command } from '../../../lib/shell/sh.ts'

const run = (command: Command) => execFileSync('/bin/sh', ['-c', command.text], { encoding: 'utf8' })

test('values are quoted, the template is not', () => {
  expect(sh`systemctl restart ${'nginx'} && echo ${'a b'}`.text).toBe(`systemctl restart nginx && echo 'a b'`)
  expect(sh`kill -${9} ${-1}`.text).toBe('kill -9 -1')
})

test('a value is data, even where it looks like code', () => {
  expect(run(sh`printf '%s|' ${'$(echo owned)'} ${'; echo owned'} ${"'; echo owned; '"}`)).toBe(
    "$(echo owned)|; echo owned|'; echo owned; '|",
  )
})

test('a list becomes words', () => {
  expect(sh`rm -f -- ${['a b', '-rf', '*', '']}`.text).toBe(`rm -f -- 'a b' -rf '*' ''`)
  expect(run(sh`printf '<%s>' ${['a b', '-n', '*', '', 7]}`)).toBe('<a b><-n><*><><7>')
})

test('an empty list is nothing, an empty string is a word', () => {
  expect(run(sh`set -- ${[]}; echo $#`)).toBe('0\n')
  expect(run(sh`set -- ${''}; echo $#`)).toBe('1\n')
})

test('a command inside a command stays as it is', () => {
  const inner = sh`printf %s ${'a b'}`
  expect(run(sh`echo "$(${inner})" ${'c d'}`)).toBe('a b c d\n')
  expect(sh`${inner} | ${rawShell('wc -c')}`.text).toBe(`printf %s 'a b' | wc -c`)
})

test('a command as one word of another needs its text', () => {
  const inner = sh`echo ${"it's"}`
  expect(run(sh`sh -c ${inner.text}`)).toBe("it's\n")
})

test('escapes of the template are those of JavaScript', () => {
  expect(run(sh`printf '%s' ${'x'}\n`)).toBe('x')
  expect(sh`a\\b`.text).toBe(String.raw`a\b`)
})

test('input keeps the command and changes no other', () => {
  const command = sh`cat`
  const fed = command.input('body')
  expect([command.stdin, fed.stdin, fed.text]).toEqual([undefined, 'body', 'cat'])
})

test('a Secret does not compile as a value; on stdin it does', () => {
  const secret = new Secret('db', 'hunter2')
  // @ts-expect-error a Secret would show in the process list
  const leak = () => sh`mysql -p${secret}`
  // @ts-expect-error nor in a list
  const listed = () => sh`mysql ${[secret]}`
  for (const make of [leak, listed]) {
    let text = ''
    try {
      text = make().text
    } catch (error) {
      text = String(error)
    }
    expect(text).not.toContain('hunter2')
  }
  expect(sh`cat`.input(secret).stdin).toBe(secret)
})
