import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, UsageError } from '../../../lib/errors.ts'
import { loadFleet } from '../../../lib/fleet/load.ts'
import { repository } from '../../support/cli.ts'
import { folder, smallFleet } from '../../support/folder.ts'

const cache = folder()
const load = (wanted: string | undefined, cwd: string) =>
  loadFleet(wanted, {
    cwd,
    cache,
    builtIn: join(repository, 'inventory'),
    root: repository,
    code: repository,
  })

describe('which fleet', () => {
  const shop = folder({ 'inventory/shop.ts': smallFleet('shop') })
  const several = folder({ 'inventory/shop.ts': smallFleet('shop'), 'inventory/till.ts': smallFleet('till') })

  test.each<[string, string | undefined, string, string]>([
    ['the only one here', undefined, shop, 'shop'],
    ['by name', 'till', several, 'till'],
    ['by path', 'inventory/till.ts', several, 'till'],
    ['lab where there is none', undefined, folder(), 'lab'],
    ['a built-in one by name', 'lab', several, 'lab'],
    ['our own source by path is the built one', join(repository, 'inventory/lab.ts'), several, 'lab'],
  ])('%s', async (_, wanted, cwd, name) => {
    expect((await load(wanted, cwd)).fleet.name).toBe(name)
  })

  test('several and none chosen', async () => {
    await expect(load(undefined, several)).rejects.toThrow(UsageError)
  })

  test('unknown', async () => {
    await expect(load('shpo', several)).rejects.toMatchObject({
      message: 'unknown fleet "shpo", did you mean "shop"?',
      hint: 'fleets: shop, till, lab',
      exitCode: 2,
    })
    await expect(load('./no.ts', several)).rejects.toThrow(`there is no fleet file ${several}/no.ts`)
  })
})

describe('a fleet file that is wrong', () => {
  const broken = async (text: string, more: Readonly<Record<string, string>> = {}) => {
    const cwd = folder({ 'inventory/shop.ts': text, ...more })
    return load('shop', cwd).then(
      () => expect.unreachable(),
      (error: unknown) => {
        expect(error).toBeInstanceOf(ConfigError)
        return error instanceof ConfigError ? error : expect.unreachable()
      },
    )
  }

  test('does not compile', async () => {
    const error = await broken(smallFleet('shop', `web1: { role: 'wbe' }`))
    expect(error.issues).toEqual([`inventory/shop.ts:8:20 Type '"wbe"' is not assignable to type '"web"'.`])
  })

  test('has a syntax error', async () => {
    const error = await broken('export default {\n  a: ,\n}')
    expect(error.issues[0]).toBe('inventory/shop.ts:2:6 Expression expected.')
  })

  test('imports a file that does not compile', async () => {
    const error = await broken(`import { a } from './a.ts'\nexport default a`, {
      'inventory/a.ts': 'export const a: number = ""',
    })
    expect(error.issues).toEqual([`inventory/a.ts:1:14 Type 'string' is not assignable to type 'number'.`])
  })

  test('exports no fleet', async () => {
    expect((await broken('export const fleet = 1')).message).toContain('the default export is no fleet')
  })

  test('throws', async () => {
    expect((await broken(`throw new Error('no luck')`)).message).toContain('no luck')
  })

  test('compiles and is wrong all the same', async () => {
    const error = await broken(smallFleet('Shop'))
    expect(error.issues).toEqual(['name: must be lower case letters, digits and dashes, a letter first'])
  })
})

test('what has passed the check is not checked again until it changes', async () => {
  const cwd = folder({
    'inventory/shop.ts': `import { n } from './n.ts'\n${smallFleet('shop').replace(`'shop'`, 'n')}`,
    'inventory/n.ts': `export const n = 'one'`,
  })
  const own = folder()
  const again = () => loadFleet('shop', { cwd, cache: own, builtIn: cwd, root: repository, code: repository })
  await again()
  const started = performance.now()
  await again()
  expect(performance.now() - started).toBeLessThan(500)
  expect(readdirSync(join(own, 'checked'))).toHaveLength(1)
  writeFileSync(join(cwd, 'inventory/n.ts'), 'export const n = 1')
  utimesSync(join(cwd, 'inventory/n.ts'), 0, 0)
  await expect(again()).rejects.toThrow('does not compile')
})
