import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { CliResult } from '../support/cli.ts'
import { entriesOf } from '../support/tasks.ts'
import { folder } from '../support/folder.ts'
import { fleet, SHOP, shopFolder } from '../support/shop.ts'
import { defineTask } from '../../lib/task/define.ts'

/** What went wrong, without the line that says which run began. */
const said = ({ stderr }: CliResult) => stderr.replace(/^.* on shop, \d+ hosts?\n/, '')

/** What came of a command line, its message line by line. */
async function outcome(argv: readonly string[]) {
  const result = await fleet(argv)
  const { exitCode, stdout, reached } = result
  return { said: said(result).split('\n'), exitCode, stdout, reached }
}

const exactly = (text: string | RegExp): RegExp =>
  text instanceof RegExp ? text : new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`)

const after = (start: string, { source }: RegExp): RegExp =>
  new RegExp(source.startsWith('^') ? `^${start}${source.slice(1)}` : `^${start}.*${source}`)

/** One line, a hint, the exit code for wrong usage, nothing on stdout, and no host as much as reached for. */
const refused = (message: string | RegExp, hint: string | RegExp) => ({
  said: [
    expect.stringMatching(after('error: ', exactly(message))),
    expect.stringMatching(after('hint: ', exactly(hint))),
    '',
  ],
  exitCode: 2,
  stdout: '',
  reached: [],
})

describe('names that are not there', () => {
  test.each<[string, string | RegExp, string | RegExp]>([
    ['--fleet shpo status', 'unknown fleet "shpo", did you mean "shop"?', 'fleets: shop, lab'],
    ['--fleet ./no.ts status', /^there is no fleet file \/.*\/no\.ts$/, 'fleets: shop, lab'],
    [
      '--fleet ./inventory status',
      /^\/.*\/inventory is a folder: a fleet is a TypeScript file$/,
      'fleets: shop, lab',
    ],
    [
      '--fleet /etc/passwd status',
      '/etc/passwd has no name in .ts: a fleet is a TypeScript file',
      'fleets: shop, lab',
    ],
    ['status --on wbe1', '--on: unknown host or role "wbe1", did you mean "web1"?', 'fleet hosts lists them'],
    ['status --on x*', "--on x*: no host's name is like that", 'hosts: lb1, web1, sync1, db1'],
    ['hosts --role wbe', '--role: unknown role "wbe", did you mean "web"?', /^roles of shop: lb, web/],
    ['statsu', 'unknown command "statsu", did you mean "status"?', 'fleet --help lists them'],
    ['workers st', 'unknown command "workers st", did you mean "workers set"?', 'fleet --help lists them'],
    ['hosts --nope', 'unknown option --nope', 'fleet hosts --help'],
    [
      'history --fleet shop --host wbe1',
      '--host: unknown host "wbe1", did you mean "web1"?',
      /^hosts of shop/,
    ],
    ['history --by=', '--by: must be at least 1 character', 'fleet history --help'],
    ['deploy --relese v1', 'unknown option --relese, did you mean --release?', 'fleet deploy --help'],
    [
      'deploy wbe',
      'unknown service "wbe", did you mean "web"?',
      'services of shop: database, sync, web, all',
    ],
    ['swap database', 'database has no slots: it runs as processes', 'services with slots: web'],
    ['rollback database', 'database has no slots: it runs as processes', 'services with slots: web'],
    ['lab cut web1', 'shop is no lab: nothing is broken on purpose there', 'fleet lab status --fleet lab'],
  ])('fleet %s', async (line, message, hint) => {
    expect(await outcome(line.split(' '))).toEqual(refused(message, hint))
  })
})

describe('orders that are none', () => {
  const order = 'must be all, serial, 2, 25%, canary, canary:2 or canary:1,rest:25%'
  test.each<[string, string, string]>([
    ['deploy sync --order 0', `--order: ${order}`, 'fleet deploy --help'],
    ['deploy sync --order canary:', `--order: ${order}`, 'fleet deploy --help'],
    [
      'deploy sync --max-failures 1.5',
      '--max-failures: must be a number of hosts, or a share of them like 10%',
      'fleet deploy --help',
    ],
    [
      'deploy sync --unreachable skp',
      '--unreachable: must be one of fail, skip, not "skp", did you mean "skip"?',
      'fleet deploy --help',
    ],
    [
      'deploy web --release v1 --order serial',
      '--order: web is swapped on all its hosts at once',
      'fleet deploy web',
    ],
    ['catch-up wbe1', 'unknown host "wbe1", did you mean "web1"?', 'hosts of shop: lb1, web1, sync1, db1'],
  ])('fleet %s', async (line, message, hint) => {
    expect(await outcome(line.split(' '))).toEqual(refused(message, hint))
  })
})

describe('releases that are not there', () => {
  test.each<[string, string | RegExp, string | RegExp]>([
    ['v9', /^no release v9 in \/.*\/app$/, /^ls \/.*\/app$/],
    ['./nowhere', /^no folder \/.*\/nowhere$/, /^ls \//],
    ['/nowhere', 'no folder /nowhere', 'ls /'],
    ['-x', '"-x" cannot be a release', /^ls \//],
    ['', '"" cannot be a release', /^ls \//],
    ['v1\nreboot', String.raw`"v1\nreboot" cannot be a release`, /^ls \//],
  ])('fleet deploy all --release %j', async (ref, message, hint) => {
    expect(await outcome(['deploy', 'all', `--release=${ref}`])).toEqual(refused(message, hint))
  })

  test.each(['deploy web', 'swap web'])('a git ref: fleet %s', async line => {
    const source = join(import.meta.dirname, '../../templates/sample-service')
    const cwd = shopFolder(SHOP.replaceAll("'../app'", JSON.stringify(source)))
    const result = await fleet([...line.split(' '), '--release', 'v99'], { cwd })
    expect(said(result)).toBe(
      `error: no tag, branch or commit v99 in ${source}\nhint: git -C ${source} tag\n`,
    )
    expect(result).toMatchObject({ exitCode: 2, stdout: '', reached: [] })
  })
})

describe('--on is never passed over', () => {
  test.each<[string, string | RegExp, string | RegExp]>([
    ['lab down --on web1', '--on: this command works on no hosts', /leave --on out/],
    ['deploy sync --on web1', '--on leaves no host of sync', 'sync runs on: sync1'],
    ['swap web --on lb1', '--on leaves no host of web', 'web runs on: web1'],
    ['workers set --count 1 --on web1', '--on web1 leaves no host', 'this command works on: sync1'],
  ])('fleet %s', async (line, message, hint) => {
    expect(await outcome(line.split(' '))).toEqual(refused(message, hint))
  })
})

describe('numbers', () => {
  const hint = 'fleet workers set --help'
  test.each([
    ['--count 65', '--count: must be at most 64', hint],
    ['--count -1', '--count: must be at least 0', hint],
    ['--count x', '--count: must be a number, not "x"', hint],
    ['--count=', '--count: must be a number, not ""', hint],
    ['', '--count is required', hint],
    ['--count 2 --program wroker', 'sync has no program "wroker"', 'programs of sync: worker'],
    ['--count 2 --service web', 'web has no program "worker"', 'programs of web: none'],
    ['--count 2 --concurrency 0', '--concurrency: must be a whole number of at least 1, not "0"', /^like --/],
  ])('fleet workers set %s', async (line, message, advice) => {
    expect(await outcome(['workers', 'set', ...line.split(' ').filter(Boolean)])).toEqual(
      refused(message, advice),
    )
  })
})

const LONG = 'a'.repeat(10_240)
const HINT = 'find the id with: fleet users list --where email=...'

describe('user ids', () => {
  const commands = ['logs', 'users unlock', 'users resync', 'users list']
  const ids: readonly (readonly [string, RegExp])[] = [
    ['../../etc/passwd', /not a user id: "\.\.\/\.\.\/etc\/passwd" \(an id is 24 hexadecimal digits\)$/],
    ['-rf', /not a user id: "-rf" /],
    ['a;reboot', /not a user id: "a;reboot" /],
    ['', /not a user id: "" /],
    ['$(reboot)', /not a user id: "\$\(reboot\)" /],
    ['53c1f0d5b0d9f5a8e4000001\n', /^not a user id|reached/],
    [LONG, /not a user id: "a{30,40}\.\.\." \(10240 characters\)/],
  ]
  // A line break at the end is cut off where ids may come from a file.
  const cases = commands.flatMap(command =>
    ids
      .filter(([id]) => command === 'logs' || !id.endsWith('\n'))
      .map(([id, message]) => [command, id, message] as const),
  )
  test.each(cases)('fleet %s -- %.30j', async (command, id, message) => {
    expect(await outcome([...command.split(' '), '--', id])).toEqual(refused(message, HINT))
  })

  test.each(['logs', 'users unlock', 'users resync'])('fleet %s -rf is an option', async command => {
    expect(await outcome([...command.split(' '), '-rf'])).toEqual(
      refused('unknown option -rf', `fleet ${command} --help`),
    )
  })

  test.each([
    ['logs', 'missing argument <user>', 'fleet logs --help'],
    ['users unlock', 'users unlock: which users? Give ids, --file or --where', /^fleet users list/],
    ['users unlock --file nope', '--file nope: no such file or folder', /one user id a line/],
    [
      `users unlock --where older=10m ${LONG.slice(0, 24)}`,
      /one of the three$/,
      'leave out all but one of them',
    ],
  ])('fleet %.40s', async (line, message, hint) => {
    expect(await outcome(line.split(' '))).toEqual(refused(message, hint))
  })
})

describe('--yes with another count', () => {
  const bulk = defineTask({
    name: 'bulk',
    summary: 'Ask about five',
    params: z.strictObject({}),
    hosts: 'sync',
    async run(ctx) {
      await ctx.confirm({ message: 'Unlock 5 users?', count: 5 })
      await ctx.each(ctx.hosts, host => ctx.on(host).transport())
    },
  })
  test.each([
    ['--yes 3', '--yes 3 does not match: this is about 5', 'look at the sample, then pass --yes 5'],
    ['--yes 20000', '--yes 20000 does not match: this is about 5', 'look at the sample, then pass --yes 5'],
    ['--yes 0', '--yes: must be a whole number of at least 1, not "0"', 'like --yes 4'],
    ['--yes', 'Unlock 5 users? Nobody can be asked here.', 'pass --yes 5'],
    ['', 'Unlock 5 users? Nobody can be asked here.', 'pass --yes 5'],
  ])('fleet bulk %s', async (line, message, hint) => {
    const argv = ['bulk', ...line.split(' ').filter(Boolean)]
    const result = await fleet(argv, { tasks: entriesOf(bulk) })
    expect(said(result)).toBe(`error: ${message}\nhint: ${hint}\n`)
    expect(result).toMatchObject({ exitCode: 2, reached: [] })
  })
})

describe('a fleet file that is wrong', () => {
  test.each<[string, string, RegExp]>([
    [
      'a type error',
      SHOP.replace(`{ role: 'sync', address`, `{ role: 'snyc', address`),
      /^error: .*shop\.ts does not compile, nothing was run\n {2}inventory\/shop\.ts:12:14 Type '"snyc"' is not assignable to .*\n$/,
    ],
    [
      'a syntax error',
      SHOP.replace("name: 'shop',", 'name: ,'),
      /^error: .*does not compile, nothing was run\n {2}inventory\/shop\.ts:5:9 Expression expected\.\n$/,
    ],
    [
      'an address used twice',
      SHOP.replace('203.0.113.3', '203.0.113.2'),
      /^error: .*shop\.ts: a problem\n {2}hosts\.sync1\.address: 203\.0\.113\.2:22 is already the address of host "web1"\n$/,
    ],
    [
      'no fleet in it',
      'export default 1',
      /^error: .*the default export is no fleet\nhint: export default defineFleet/,
    ],
  ])('%s', async (_, text, expected) => {
    const result = await fleet(['deploy'], { cwd: shopFolder(text) })
    expect(result.stderr).toMatch(expected)
    expect(result).toMatchObject({ exitCode: 2, stdout: '', reached: [] })
  })
})

describe('no Docker', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })
  test.each<[string, RegExp]>([
    ['lab status', /^error: no docker client on this machine\nhint: fleet lab up --fleet lab --install\n$/],
    ['lab up', /^error: A lab needs a Docker engine\. [^]*Nobody can be asked here\.\nhint: /],
    ['status', /^error: no docker client on this machine\nhint: fleet lab up --fleet lab --install\n$/],
  ])('fleet %s', async (line, expected) => {
    const bin = folder()
    symlinkSync('/bin/sh', join(bin, 'sh'))
    vi.stubEnv('PATH', bin)
    const result = await fleet([...line.split(' '), '--fleet', 'lab'])
    expect(result.stderr).toMatch(expected)
    expect(result).toMatchObject({ exitCode: 2, stdout: '', reached: [] })
  })
})
