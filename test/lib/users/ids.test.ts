import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { UsageError } from '../../../lib/errors.ts'
import { parseIdFile, parseIds, readIdFile } from '../../../lib/users/ids.ts'
import { readSelection } from '../../../lib/users/selection.ts'

const A = 'a'.repeat(24)
const B = 'b'.repeat(24)
const HOSTILE = [
  '../../etc/passwd',
  '-rf',
  'a;reboot',
  '""',
  'x'.repeat(10_240),
  `${A}0`,
  `${A} ${B}`,
  '$(id)',
]

describe('a file of ids', () => {
  it('takes comments, blank lines, CRLF, a byte order mark and doubles', () => {
    const text = `\uFEFF# stuck since Monday\r\n${A}\r\n\r\n  ${B}  # ticket 4711\r\n${A.toUpperCase()}\n`
    expect(parseIdFile(text, 'ids.txt')).toEqual([A, B])
  })

  it.each(HOSTILE)('refuses all of it for %.20s, and names the line', line => {
    const read = () => parseIdFile(`${A}\n${line}\n${B}\n`, 'ids.txt')
    expect(read).toThrow(UsageError)
    expect(read).toThrow(/^ids\.txt: not a user id .*nothing was changed\n {2}line 2: ".{1,40}"$/)
  })

  it('names the first five bad lines and counts the rest', () => {
    expect(() => parseIdFile('x\n'.repeat(9), 'ids.txt')).toThrow(/line 5: "x"\n {2}and 4 more$/)
  })

  it.each(['', '\n\n', '# nobody\n'])('refuses %j, which names nobody', text =>
    expect(() => parseIdFile(text, 'ids.txt')).toThrow('ids.txt: names no user'),
  )

  it('says which file cannot be read', async () => {
    await expect(readIdFile('ids.txt', '/nowhere')).rejects.toThrow(/--file ids\.txt: no such file or folder/)
  })
})

describe('ids as arguments', () => {
  it.each([...HOSTILE, ''])('refuses %.20s and names the argument', id =>
    expect(() => parseIds([A, id])).toThrow(/^argument 2: not a user id: /),
  )

  it('folds doubles', () => expect(parseIds([B, A, B])).toEqual([B, A]))
})

describe('the selection', () => {
  it('takes one way of naming users', async () => {
    await expect(readSelection({ ids: [A], where: ['locked'] }, '/')).rejects.toThrow('one of the three')
    await expect(readSelection({ ids: [], where: [] }, '/')).resolves.toBeUndefined()
  })

  it('reads a file', async () => {
    const folder = await mkdtemp('/tmp/fleet-ids-')
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'ids.txt')
    await writeFile(file, `${A}\n`)
    await expect(readSelection({ ids: [], where: [], file }, '/')).resolves.toMatchObject({ ids: [A] })
  })
})
