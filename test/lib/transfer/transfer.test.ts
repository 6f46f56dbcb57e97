import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RunTask } from '../../../bin/cli.ts'
import { runTask } from '../../../lib/task/run.ts'
import { cli } from '../../support/cli.ts'
import { folder } from '../../support/folder.ts'
import { LocalTransport } from '../../support/local-transport.ts'
import { shopFolder } from '../../support/shop.ts'

const cwd = shopFolder()

/** Runs `fleet` with this machine in place of each host. */
function fleet(argv: readonly string[], rewrite?: (script: string) => string) {
  const run: RunTask = (task, params, environment) =>
    runTask(task, params, environment, async ({ name }) => {
      const transport = new LocalTransport(name)
      if (rewrite !== undefined) transport.rewrite = rewrite
      return transport
    })
  return cli([...argv, '--on', 'web1'], { cwd, runTask: run })
}

const names = (path: string): string[] => readdirSync(path, { recursive: true }).map(String).sort()

test('a file is put once, and again only when it differs', async () => {
  const here = folder({ motd: 'hello\n' })
  const there = join(folder(), 'motd')
  const put = () => fleet(['put', `${here}/motd`, there, '--mode', '0640'])

  expect(await put()).toMatchObject({ stdout: `${there} changed on web1\n`, exitCode: 0 })
  expect(readFileSync(there, 'utf8')).toBe('hello\n')
  expect(statSync(there).mode & 0o777).toBe(0o640)
  expect((await put()).stdout).toBe(`${there} unchanged on web1\n`)

  chmodSync(there, 0o600)
  expect((await fleet(['put', `${here}/motd`, there])).stdout).toBe(`${there} unchanged on web1\n`)
  writeFileSync(there, 'other\n')
  expect((await fleet(['put', `${here}/motd`, there])).stdout).toBe(`${there} changed on web1\n`)
  expect(statSync(there).mode & 0o777).toBe(0o600)
  expect(names(join(there, '..'))).toEqual(['motd'])
})

test('a folder is put whole, with names that are no shell and no archive', async () => {
  const odd = "a b'c $(touch x)\n-rf"
  const here = folder({ [odd]: 'odd', 'sub/deep/empty': '', '-C': 'dash' })
  const large = Buffer.from(randomBytes(3 << 20).toString('base64'))
  writeFileSync(join(here, 'large'), large)
  const there = join(folder({ 'tree/kept': 'mine' }), 'tree')

  expect(await fleet(['put', here, there])).toMatchObject({
    exitCode: 0,
    stdout: `${there} changed on web1\n`,
  })
  expect(names(there)).toEqual(['-C', odd, 'kept', 'large', 'sub', 'sub/deep', 'sub/deep/empty'])
  expect(readFileSync(join(there, 'large')).equals(large)).toBe(true)
  expect((await fleet(['put', here, there])).stdout).toBe(`${there} unchanged on web1\n`)
})

test('with --plan it is only shown', async () => {
  const there = join(folder(), 'x')
  const { stdout, stderr } = await fleet(['put', 'app', there, '--plan'])
  expect(stdout).toBe(`${there} would change on web1\n`)
  expect(stderr).toContain(`web1: directory ${there} create`)
  expect(existsSync(there)).toBe(false)
})

test('what cannot be replaced is left alone', async () => {
  const there = folder({ file: 'x', 'dir/x': '' })
  symlinkSync('file', join(there, 'link'))
  const put = async (to: string) => (await fleet(['put', 'app/v1/run.sh', join(there, to)])).stderr
  expect(await put('link')).toContain('link is a symbolic link')
  expect(await put('dir')).toContain('dir is a folder')
  expect(await put('nowhere/x')).toContain('nowhere is not there')
  expect(names(there)).toEqual(['dir', 'dir/x', 'file', 'link'])
})

test('links are not sent', async () => {
  const here = folder({ file: 'x' })
  symlinkSync('/etc/passwd', join(here, 'link'))
  const { stderr, exitCode } = await fleet(['put', here, '/tmp/never'])
  expect(stderr).toContain('link is a symbolic link')
  expect(exitCode).toBe(2)
})

test('bytes that change on the way take no place', async () => {
  const there = join(folder(), 'x')
  // As text, these bytes are not what they were.
  const here = folder()
  writeFileSync(join(here, 'x'), Buffer.from([0xff, 0xfe, 0xfd]))
  const { stderr, exitCode } = await fleet(['put', `${here}/x`, there], script => script)
  expect(stderr).toContain('nothing was put in its place')
  expect(exitCode).toBe(4)
  expect(names(join(there, '..'))).toEqual([])
})

test('get brings a folder to one of the host, and overwrites nothing that differs', async () => {
  const there = folder({ 'tree/a': 'one', 'tree/sub/b': 'two' })
  const here = folder()
  const get = (...more: string[]) => fleet(['get', `${there}/tree/`, here, ...more])

  expect(await get()).toMatchObject({ stdout: `${here}/web1: 2 new or changed\n`, exitCode: 0 })
  expect(names(here)).toEqual(['web1', 'web1/tree', 'web1/tree/a', 'web1/tree/sub', 'web1/tree/sub/b'])
  expect(statSync(`${here}/web1/tree/a`).mode & 0o777).toBe(0o600)
  expect((await get()).stdout).toBe(`${here}/web1: unchanged\n`)

  writeFileSync(`${here}/web1/tree/a`, 'mine')
  expect(await get()).toMatchObject({
    exitCode: 4,
    stderr: expect.stringContaining('tree/a is there and differs'),
  })
  expect(readFileSync(`${here}/web1/tree/a`, 'utf8')).toBe('mine')
  expect((await get('--force')).exitCode).toBe(0)
  expect(readFileSync(`${here}/web1/tree/a`, 'utf8')).toBe('one')
  expect(names(`${here}/web1`)).not.toContain(expect.stringContaining('fleet-get'))
})

test('get writes no links and follows none that stand here', async () => {
  const there = folder({ 'tree/a': 'one' })
  symlinkSync('/etc/passwd', `${there}/tree/link`)
  const here = folder()
  const outside = folder()
  expect(await fleet(['get', `${there}/tree`, here])).toMatchObject({
    exitCode: 9,
    stderr: expect.stringContaining('web1: tree/link (symlink)'),
  })
  expect(names(here)).toEqual(['web1', 'web1/tree', 'web1/tree/a'])

  const trap = folder()
  mkdirSync(`${trap}/web1`)
  symlinkSync(outside, `${trap}/web1/tree`)
  expect((await fleet(['get', `${there}/tree`, trap])).stderr).toContain('tree is no folder')
  expect(names(outside)).toEqual([])
})

test('a file that is not there is told', async () => {
  expect(await fleet(['get', '/nowhere/at/all', folder()])).toMatchObject({
    exitCode: 4,
    stderr: expect.stringContaining('web1: cannot read /nowhere/at/all: it is not there'),
  })
})

test.each(['/proc/version', '/proc/kmsg', '/sys/kernel/mm', '/proc'])(
  '%s is no file, and never comes as an empty one',
  async path => {
    const here = folder()
    const { exitCode, stderr } = await fleet(['get', path, here])
    expect(exitCode).toBe(4)
    expect(stderr).toContain(`web1: ${path} is made by the kernel as it is read`)
    expect(stderr).toContain(`hint: fleet exec --on web1 -- cat ${path}`)
    expect(names(here)).toEqual([])
  },
)
