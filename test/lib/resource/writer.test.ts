import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FileWrite, WriteStep } from '../../../lib/resource/resource.ts'
import { Secret } from '../../../lib/shell/secret.ts'
import { folder } from '../../support/folder.ts'
import { writeFiles } from '../../support/write-file.ts'

const me = userInfo().username
const toWrite = (path: string, stdin: WriteStep['stdin'], more: Partial<FileWrite> = {}): WriteStep => ({
  title: `write "${path}"  \\ $(id)`,
  ...(stdin === undefined ? {} : { stdin }),
  write: { path, mode: 0o644, owner: me, group: me, parents: false, ...more },
})

describe('what is written', () => {
  test.each([
    ['nothing', undefined, ''],
    ['no last newline', 'a', 'a'],
    ['newlines', '\n\n', '\n\n'],
    ['what a shell would read', `'"$(reboot)\`\\\n__END__\nend\nfleetfile-test-write \n`, undefined],
    ['umlauts', 'größer\u{1F600}\n', undefined],
    ['a secret', new Secret('token', 'xyzzy\n'), 'xyzzy\n'],
    ['a zero in a text', 'a\0b', undefined],
    ['a megabyte', `${'x'.repeat(2 ** 20)}\n`, undefined],
  ])('%s', (_, stdin, wanted) => {
    const path = join(folder(), "it's $(a) file")
    expect(writeFiles([toWrite(path, stdin)])).toEqual({ code: 0, said: 'changed 1' })
    expect(readFileSync(path, 'utf8')).toBe(wanted ?? stdin)
  })

  test('every byte there is', () => {
    const path = join(folder(), 'data')
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    writeFiles([toWrite(path, bytes)])
    expect(readFileSync(path)).toEqual(bytes)
  })

  test('mode, and missing directories for root where they are wanted', () => {
    const at = folder()
    const path = join(at, 'a/b/c')
    writeFiles([toWrite(path, '', { mode: 0o4751, parents: true })])
    const modes = ['a', 'a/b', 'a/b/c'].map(name => (statSync(join(at, name)).mode & 0o7777).toString(8))
    expect(modes).toEqual(['755', '755', '4751'])
  })

  test('a link is replaced, not followed', () => {
    const at = folder({ other: 'as it was' })
    symlinkSync(join(at, 'other'), join(at, 'link'))
    writeFiles([toWrite(join(at, 'link'), 'new')])
    expect(readFileSync(join(at, 'link'), 'utf8')).toBe('new')
    expect(readFileSync(join(at, 'other'), 'utf8')).toBe('as it was')
  })

  test('many files in their order, each due to its handler before it is written', () => {
    const [at, state] = [folder(), folder()]
    const steps = Array.from({ length: 50 }, (_, n) => toWrite(join(at, String(n)), `${n}\n`))
    expect(writeFiles(steps, { state, marks: ['mark'] })).toEqual({ code: 0, said: 'changed 50' })
    expect(readdirSync(at)).toHaveLength(50)
    expect(existsSync(join(state, 'pending/mark'))).toBe(true)
  })
})

describe('what fails leaves the old file, nothing beside it, and does not begin the next', () => {
  const tries: readonly (readonly [string, (at: string) => Partial<FileWrite>, string])[] = [
    ['no directory', at => ({ path: join(at, 'no/data') }), 'no directory AT/no'],
    ['a directory of that name', at => ({ path: join(at, 'folder') }), 'AT/folder is a directory'],
    ['no such user', () => ({ owner: 'nobody-at-all' }), "invalid user 'nobody-at-all'"],
    ['no such group', () => ({ group: 'nobody-at-all' }), "invalid group 'nobody-at-all'"],
    ['a directory that is a file', at => ({ path: join(at, 'data/x') }), 'no directory AT/data'],
  ]
  test.each(tries)('%s', (_, change, said) => {
    const at = folder({ data: 'old' })
    mkdirSync(join(at, 'folder'))
    const bad = toWrite(join(at, 'data'), 'new', change(at))
    const written = writeFiles([toWrite(join(at, 'first'), '1'), bad, toWrite(join(at, 'third'), '3')])
    const failed = `failed 1 ${JSON.stringify(bad.title)}`
    expect(written).toEqual({ code: 1, said: `${said.replaceAll('AT', at)}\n${failed}` })
    expect(readFileSync(join(at, 'data'), 'utf8')).toBe('old')
    expect(readdirSync(at).toSorted()).toEqual(['data', 'first', 'folder'])
  })

  /** Perl that is put before the file takes its name. */
  const before = (code: string) => (program: string) =>
    program.replace('&& IO::Handle::sync', () => `&& ${code} && IO::Handle::sync`)

  test.each([
    ['its time is over', 'sleep 30', 124],
    ['somebody ends the writer', `kill('TERM', $$)`, 143],
    ['the disk is full', '($! = 28, 0)[1]', 1],
  ])('%s', (_, code, exitCode) => {
    const at = folder({ data: 'old' })
    const steps = [{ ...toWrite(join(at, 'data'), 'new'), timeout: 1 }, toWrite(join(at, 'next'), '')]
    const written = writeFiles(steps, { rewrite: before(code) })
    expect(written.code).toBe(exitCode)
    expect(written.said).toContain(`failed 0 ${JSON.stringify(steps[0]?.title)}`)
    if (exitCode === 1) expect(written.said).toContain(`cannot write ${at}/data: No space left on device`)
    expect(readdirSync(at)).toEqual(['data'])
    expect(readFileSync(join(at, 'data'), 'utf8')).toBe('old')
  })

  test('a writer that was killed is told by the step that it was in', () => {
    const at = folder({ data: 'old' })
    const steps = [toWrite(join(at, 'first'), ''), toWrite(join(at, 'data'), 'new')]
    const { code, said } = writeFiles(steps, { rewrite: before(`($changed == 0 || kill('KILL', $$))`) })
    expect(code).toBe(137)
    expect(said).toContain(`failed 1 ${JSON.stringify(steps[1]?.title)}`)
    expect(readFileSync(join(at, 'data'), 'utf8')).toBe('old')
  })
})

describe('no step is begun', () => {
  test('once a stop was asked for', () => {
    const at = folder()
    expect(writeFiles([toWrite(join(at, 'a'), '')], { state: folder({ stop: '' }) }).said).toBe('stopped 0')
    expect(readdirSync(at)).toEqual([])
  })

  test.each([
    ['with nobody there to hear it', '4>&1', '4>/dev/full', 'failed 0 "write'],
    ['with no room for its journal', '>&5', '>/dev/full', 'failed 0 "no room for the journal"'],
    ['without its program', 'perl 4>', 'no-such-perl 4>', 'failed 0 "write'],
  ])('%s', (_, from, to, said) => {
    const at = folder({ data: 'old' })
    writeFileSync(join(at, 'data'), 'old')
    const rewrite = (program: string) => program.replace(from, to)
    expect(writeFiles([toWrite(join(at, 'data'), 'new')], { rewrite }).said).toContain(said)
    expect(readFileSync(join(at, 'data'), 'utf8')).toBe('old')
  })
})
