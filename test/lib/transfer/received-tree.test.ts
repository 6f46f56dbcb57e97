import { readdirSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import { expect, test } from 'vitest'
import { pathOf, Receiver } from '../../../lib/transfer/received-tree.ts'
import { folder } from '../../support/folder.ts'

type Entry = Parameters<ReturnType<typeof pack>['entry']>[0]

const here = { host: 'web1', base: 'logs', name: 'logs' }

async function receive(headers: readonly Entry[], { into = folder(), most = 1 << 20, cut = 0 } = {}) {
  const archive = pack()
  for (const header of headers) archive.entry(header, header.type === 'file' ? 'x' : '')
  archive.finalize()
  const bytes = await buffer(archive)
  const receiver = new Receiver(into, { ...here, most })
  await receiver.push(bytes.subarray(0, bytes.length - cut))
  return receiver.end()
}

const file = (name: string): Entry => ({ name, type: 'file' })

test.each([
  ['logs', 'logs'],
  ['./logs/a', 'logs/a'],
  ['logs/sub/', 'logs/sub'],
  ['/etc/passwd', undefined],
  ['../x', undefined],
  ['logs/../../x', undefined],
  ['logs//x', undefined],
  ['./../logs/x', undefined],
  ['other/x', undefined],
  ['', undefined],
])('an entry called %j is %j here', (name, path) => {
  expect(pathOf(name, 'logs', 'logs')).toBe(path)
})

test.each([
  ['a way up', [file('logs/../../x')], 'was not asked for'],
  ['an absolute name', [file('/etc/cron.d/x')], 'was not asked for'],
  ['the same file twice', [file('logs/a'), file('logs/a')], 'EEXIST'],
  ['a file as a folder', [file('logs'), file('logs/a')], 'EEXIST'],
])('an archive with %s is refused', async (_, headers, message) => {
  await expect(receive(headers)).rejects.toThrow(message)
})

test('links and devices are named and not written', async () => {
  const into = folder()
  const tree = await receive(
    [
      { name: 'logs/', type: 'directory' },
      { name: 'logs/link', type: 'symlink', linkname: '/etc' },
      { name: 'logs/hard', type: 'link', linkname: 'logs/link' },
      { name: 'logs/tty', type: 'character-device' },
      file('logs/a'),
    ],
    { into },
  )
  expect(tree).toEqual({
    folders: ['logs'],
    files: ['logs/a'],
    left: ['logs/link (symlink)', 'logs/hard (link)', 'logs/tty (character-device)'],
  })
  expect(readdirSync(into, { recursive: true })).toEqual(['logs', 'logs/a'])
})

test('a link is no way for the next entry', async () => {
  const outside = folder()
  await receive([{ name: 'logs/link', type: 'symlink', linkname: outside }, file('logs/link/x')])
  expect(readdirSync(outside)).toEqual([])
})

test('an archive that is cut short, or without end, is refused', async () => {
  await expect(receive([file('logs/a')], { cut: 1536 })).rejects.toThrow('no whole archive')
  await expect(receive([file('logs/a')], { most: 100 })).rejects.toThrow('more than it said')
})

test('pieces without end leave no listeners behind', async () => {
  const warnings: string[] = []
  const listen = (warning: Error) => warnings.push(warning.name)
  process.on('warning', listen)
  try {
    const archive = pack()
    archive.entry({ name: 'logs/a', type: 'file' }, 'x'.repeat(1 << 18))
    archive.finalize()
    const bytes = await buffer(archive)
    const receiver = new Receiver(folder(), { ...here, most: 1 << 20 })
    for (let at = 0; at < bytes.length; at += 1024) await receiver.push(bytes.subarray(at, at + 1024))
    expect((await receiver.end()).files).toEqual(['logs/a'])
  } finally {
    process.off('warning', listen)
  }
  expect(warnings).toEqual([])
})
