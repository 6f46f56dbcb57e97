import { expect, test } from 'vitest'
import { loadFleet } from '../../../lib/fleet/load.ts'
import { ConfigError } from '../../../lib/errors.ts'
import { text } from '../../../lib/text/template.ts'
import { repository } from '../../support/cli.ts'
import { folder } from '../../support/folder.ts'

test.each([
  [text``, ''],
  [text`listen ${80};\nname ${'a'}\\b`, 'listen 80;\nname a\\b'],
  [text`${''}${0}`, '0'],
])('%j', (made, wanted) => expect(made).toBe(wanted))

test('a missing value does not compile, and is an error with file and line where the types were fooled', () => {
  const ports: Record<string, number> = JSON.parse('{}')
  const fooled = () => text`upstream {
    server ${'web1'}:${ports.web as number};
  }`
  expect(fooled).toThrow(ConfigError)
  expect(fooled).toThrow(/template\.test\.ts:\d+: the template has no value after ":": undefined$/)
  // @ts-expect-error -- an undefined value
  expect(() => text`a ${undefined}`).toThrow('no value after "a ": undefined')
  // @ts-expect-error -- an unknown one
  expect(() => text`a ${null}`).toThrow('null')
  expect(() => text`a ${Number.NaN}`).toThrow('NaN')
})

const own = (body: string) => `import { defineFleet, text } from 'fleetfile'
const vars: { readonly port: number; readonly name?: string } = JSON.parse('{"port": 80}')
export const body =
  text\`listen ${body}\`
export default defineFleet({ name: 'shop', provider: 'static', access: { user: 'deploy' }, roles: { web: {} },
  hosts: { web1: { role: 'web', address: '127.0.0.1' } }, services: {}, secrets: [] })
`

const load = (body: string) => {
  const cwd = folder({ 'inventory/shop.ts': own(body) })
  const places = { cache: folder(), builtIn: cwd, root: repository, code: repository }
  return loadFleet('shop', { cwd, ...places })
}

test("a gap in a user's own fleet file: a compile error, else file and line", async () => {
  await expect(load('${vars.port}')).resolves.toMatchObject({ fleet: { name: 'shop' } })
  await expect(load('${vars.name}')).rejects.toThrow(/inventory\/shop\.ts:4:\d+ .*'string \| undefined'/)
  await expect(load('${vars.missing}')).rejects.toThrow(/inventory\/shop\.ts:4:\d+ Property 'missing'/)
  await expect(load('${vars.name as string}')).rejects.toThrow(
    /inventory\/shop\.ts:4: the template has no value after "listen ": undefined/,
  )
}, 120_000)
