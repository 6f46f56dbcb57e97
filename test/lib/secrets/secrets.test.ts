import { chmodSync, readFileSync, statSync } from 'node:fs'
import { inspect } from 'node:util'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { environmentSecrets } from '../../../lib/secrets/environment.ts'
import { fileSecrets } from '../../../lib/secrets/file.ts'
import { folder } from '../../support/folder.ts'

const names = ['db-password', 'token']

describe('environment', () => {
  const store = environmentSecrets({
    names,
    env: { FLEET_SECRET_DB_PASSWORD: 'hunter2', FLEET_SECRET_TOKEN: '' },
  })

  test('gives the value, masked', async () => {
    const secret = await store.get('db-password')
    expect(secret.reveal()).toBe('hunter2')
    expect(`${secret.toString()}${inspect(secret)}${JSON.stringify(secret)}`).not.toContain('hunter2')
  })

  test.each([
    ['token', { message: 'secret "token" is not set', hint: 'set FLEET_SECRET_TOKEN in the environment' }],
    [
      'tokn',
      {
        message: 'unknown secret "tokn", did you mean "token"?',
        hint: 'secrets of the fleet: db-password, token',
      },
    ],
  ])('%s is refused', async (name, error) => {
    await expect(store.get(name)).rejects.toMatchObject({ ...error, exitCode: 2 })
  })
})

describe('file', () => {
  test('makes up what is missing, once, for the owner only', async () => {
    const path = join(folder(), 'deep/secrets.json')
    const stores = [1, 2, 3].map(() => fileSecrets({ path, names, generate: true }))
    const values = await Promise.all(stores.flatMap(store => names.map(name => store.get(name))))
    const texts = values.map(value => value.reveal())
    expect(new Set(texts).size).toBe(2)
    expect(texts.every(text => text.length >= 32)).toBe(true)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const again = await fileSecrets({ path, names }).get('token')
    expect(again.reveal()).toBe(texts[1])
    expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')) as object).sort()).toEqual(names)
  })

  test.each([0o640, 0o604, 0o660])('refuses mode %o', async mode => {
    const path = join(folder({ 's.json': '{"token":"hunter2"}' }), 's.json')
    chmodSync(path, mode)
    await expect(fileSecrets({ path, names }).get('token')).rejects.toMatchObject({
      hint: `chmod 600 ${path}`,
    })
  })

  test.each(['{"token":"hunter2"', '["hunter2"]', '{"token":1,"x":"hunter2"}'])(
    'never quotes a broken file: %s',
    async text => {
      const path = join(folder({ 's.json': text }), 's.json')
      chmodSync(path, 0o600)
      const error: unknown = await fileSecrets({ path, names, generate: true })
        .get('token')
        .catch((thrown: unknown) => thrown)
      expect(inspect(error)).toContain('must be a JSON object of texts')
      expect(inspect(error)).not.toContain('hunter2')
    },
  )

  test('says where to add what is missing', async () => {
    await expect(fileSecrets({ path: '/none/s.json', names }).get('token')).rejects.toMatchObject({
      hint: 'add it to /none/s.json',
    })
  })
})
