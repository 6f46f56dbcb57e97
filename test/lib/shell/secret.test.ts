import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { CommandError } from '../../../lib/errors.ts'
import { revealed, Secret, secretText } from '../../../lib/shell/secret.ts'
import { sh } from '../../../lib/shell/sh.ts'

const VALUE = 'hunter2-9f8e7d'
const secret = new Secret('db', VALUE)
const clone = (): string => {
  try {
    return inspect(structuredClone(secret), { showHidden: true })
  } catch (error) {
    return String(error)
  }
}

test.each<[string, () => string]>([
  ['String', () => String(secret)],
  // oxlint-disable-next-line typescript/restrict-template-expressions -- the linter's no is what a careless author lacks
  ['a template', () => `${secret}`],
  ['a sum', () => 'p=' + String(secret)],
  ['JSON', () => JSON.stringify({ secret, list: [secret] })],
  ['inspect', () => inspect({ secret }, { depth: 9, showHidden: true, getters: true })],
  ['inspect without custom', () => inspect(secret, { customInspect: false, showHidden: true })],
  [
    'keys and values',
    () =>
      Reflect.ownKeys(secret)
        .map(key => String(Reflect.get(secret, key)))
        .join(),
  ],
  ['spread', () => JSON.stringify(Object.assign({}, secret))],
  ['structuredClone', clone],
  ['an error', () => inspect(new CommandError(`failed with ${String(secret)}`, { cause: secret }))],
  ['a list', () => [secret, secret].join()],
  ['locale', () => secret.toLocaleString()],
  ['a command', () => inspect(sh`cat`.input(secret), { depth: 9 }) + JSON.stringify(sh`cat`.input(secret))],
  ['a text of secrets', () => inspect(secretText`a=${secret} b=${1}\n`)],
])('%s never shows it', (_name, show) => {
  const text = show()
  expect(text).not.toContain(VALUE)
  expect(text).not.toContain(Buffer.from(VALUE).toString('base64'))
})

test('reveal is the way to it', () => {
  expect(secret.reveal()).toBe(VALUE)
  expect([revealed(secret), revealed('plain')]).toEqual([VALUE, 'plain'])
})

test('a text of secrets is a secret whose mask reads well', () => {
  const text = secretText`user=${'deploy'}\npassword=${secret}\nport=${5432}\n`
  expect(text.reveal()).toBe(`user=deploy\npassword=${VALUE}\nport=5432\n`)
  expect(String(text)).toBe('user=deploy\npassword=[secret db]\nport=5432\n')
  expect(secretText`${secret}`.reveal()).toBe(VALUE)
  expect(secretText``.reveal()).toBe('')
})
