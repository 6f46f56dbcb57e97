import { expect, test } from 'vitest'
import { envFile } from '../../../lib/container/env-file.ts'
import { Secret } from '../../../lib/shell/secret.ts'

test('is sorted, keeps every character, and shows no secret', () => {
  const file = envFile({ B: new Secret('b', `p'"$ =#`), A: 1 })
  expect(file.reveal()).toBe(`A=1\nB=p'"$ =#\n`)
  expect(String(file)).toBe('A=1\nB=[secret b]\n')
})

test('refuses what the format cannot hold, by name', () => {
  const env = { KEY: new Secret('key', 'a\nb'), 'a b': 1 }
  expect(() => envFile(env)).toThrow(/KEY holds a line break[^]*"a b" is no variable name/)
})
