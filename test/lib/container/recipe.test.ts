import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { extract } from 'tar-stream'
import { expect, test } from 'vitest'
import { imageTag } from '../../../lib/container/image.ts'
import { buildContext, recipeDockerfile } from '../../../lib/container/recipe.ts'
import { resolveRelease } from '../../../lib/release/release.ts'
import { folder } from '../../support/folder.ts'

const { signal } = new AbortController()
const recipe = { base: 'debian:12', command: ['python3', 'app.py', 'a "b" $c'] }

async function contextOf(files: Readonly<Record<string, string>>, made: typeof recipe | undefined = recipe) {
  const release = await resolveRelease(undefined, folder(files), { signal, cwd: '/' })
  const context = await buffer(await buildContext(release, made, 'web'))
  const found: Record<string, string> = {}
  for await (const entry of Readable.from([context]).pipe(extract())) {
    found[entry.header.name.replace(/\/$/, '')] = (await buffer(entry)).toString('utf8')
  }
  return found
}

test('a release without a Dockerfile is built by the recipe', async () => {
  expect(await contextOf({ 'app.py': 'print(1)\n', 'sub/x': '' })).toEqual({
    Dockerfile:
      'FROM debian:12\nCOPY ["root/","/"]\nWORKDIR /srv/app\nUSER nobody\nCMD ["python3","app.py","a \\"b\\" $c"]\n',
    root: '',
    'root/srv': '',
    'root/srv/app': '',
    'root/srv/app/app.py': 'print(1)\n',
    'root/srv/app/sub': '',
    'root/srv/app/sub/x': '',
  })
})

test('its own Dockerfile comes first; without either it is an error that says so', async () => {
  expect(await contextOf({ Dockerfile: 'FROM x\n' })).toEqual({ Dockerfile: 'FROM x\n' })
  const release = await resolveRelease(undefined, folder({ 'app.py': '' }), { signal, cwd: '/' })
  await expect(buildContext(release, undefined, 'web')).rejects.toMatchObject({
    exitCode: 2,
    hint: 'add a Dockerfile, or `image: { base, command }` to services.web in the fleet file',
  })
})

test.each([
  [{ base: 'debian:12\nRUN evil' }, 'base'],
  [{ base: '$BASE' }, 'base'],
  [{ folder: '/srv/a b' }, 'folder'],
  [{ folder: '/srv/$HOME' }, 'folder'],
  [{ user: 'app # root' }, 'user'],
])('%j is refused', (values, name) => {
  expect(() => recipeDockerfile({ ...recipe, ...values })).toThrow(
    new RegExp(`^the image cannot be made\\n  ${name}: `),
  )
})

test('another recipe is another image of the same release', () => {
  const release = { id: '0'.repeat(12), label: 'v1', archive: () => Readable.from([]) }
  const tags = [undefined, recipe, { ...recipe, user: 'app' }].map(made =>
    imageTag({ service: 'web', release, ...(made === undefined ? {} : { recipe: made }) }),
  )
  expect(new Set(tags).size).toBe(3)
  expect(tags[0]).toBe('fleetfile/web:000000000000')
})
