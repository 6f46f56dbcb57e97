import { expect, test } from 'vitest'
import { absentAptRepository, aptRepository } from '../../../../lib/resource/kinds/apt-repository.ts'
import type { Resource } from '../../../../lib/resource/resource.ts'
import { NO_PATH, judge, pathOutput } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

/** The smallest thing that has the form of a key: nothing is signed with it. */
const KEY = `-----BEGIN PGP PUBLIC KEY BLOCK-----

mAECAw==
-----END PGP PUBLIC KEY BLOCK-----
`
const options = {
  name: 'pg',
  url: 'https://apt.example/debian',
  suite: 'bookworm',
  components: ['main'],
  key: KEY,
}
const SOURCES = `# Written by fleet.
Types: deb
URIs: https://apt.example/debian
Suites: bookworm
Components: main
Signed-By: /etc/apt/keyrings/pg.asc
`
const facts = 'f 644 root root'
const [keyPath, sourcesPath] = ['/etc/apt/keyrings/pg.asc', '/etc/apt/sources.list.d/pg.sources']

function output(key: string | undefined, sources: string | undefined): string {
  const hashes = [
    pathOutput(keyPath, facts, { content: key ?? '' }),
    pathOutput(sourcesPath, facts, { content: sources ?? '' }),
  ]
  const there = hashes.filter((_, index) => [key, sources][index] !== undefined)
  return `${there.map(item => item.split('\0').slice(0, 3).join('\0')).join('\0')}${there.length > 0 ? '\0' : ''}\0${there.map(item => item.split('\0').slice(4).join('\0')).join('')}`
}

test.each([
  [aptRepository(options), NO_PATH, 'sources and key', 'create'],
  [aptRepository(options), output(KEY, SOURCES), undefined, undefined],
  [aptRepository(options), output('other', SOURCES), 'key', 'change'],
  [aptRepository(options), output(KEY, 'other'), 'sources', 'change'],
  [absentAptRepository('pg'), NO_PATH, undefined, undefined],
  [absentAptRepository('pg'), output(KEY, undefined), 'its sources and key', 'remove'],
] satisfies [Resource, string, string | undefined, string | undefined][])(
  '%#',
  (resource, seen, detail, action) => {
    expect(judge(resource, seen)).toMatchObject({ detail, action })
  },
)

test('apt tries it before either file takes its place', () => {
  const [step] = judge(aptRepository({ ...options, suite: './', components: [] }), NO_PATH).steps
  expect(scriptOf(step)).toMatch(/Suites: \.\/\nSigned-By[^]*Error-Mode=any[^]*mv -fT "\$aside\/key.asc"/)
})

test.each([
  { name: '../x' },
  { url: 'ext::sh' },
  { url: 'https://a b' },
  { url: 'https://a\nSigned-By: x' },
  { suite: 'a b' },
  { suite: '-x' },
  { components: [] },
  { components: ['a\nb'] },
  { architectures: ['amd64 x'] },
  { key: 'no key' },
  { key: KEY.replace('mA', 'AA') },
  { key: KEY.replace('mAECAw==', 'mAECAw==\n=AAAA') },
])('refuses %j', bad => {
  expect(() => aptRepository({ ...options, ...bad })).toThrow(/not allowed|want components|key of an apt/)
})
