import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { heldFilesCommand, letGoFilesCommand, parseHeldFiles } from '../../../lib/release/held-files.ts'
import { spare } from '../../../lib/release/keep.ts'
import type { Command } from '../../../lib/shell/sh.ts'
import { folder } from '../../support/folder.ts'

const id = (number: number): string => String(number).repeat(12)

/** A host with releases 1 (oldest) to 7 of `work`, of which one is current. */
function host(current: number) {
  const root = folder({})
  const releases = join(root, 'srv/work/releases')
  const own = join(root, 'etc/fleetfile/work')
  mkdirSync(own, { recursive: true })
  for (let number = 1; number <= 7; number++) {
    const path = join(releases, id(number))
    mkdirSync(path, { recursive: true })
    writeFileSync(join(path, 'code'), 'x'.repeat(5000))
    writeFileSync(join(path, '.fleetfile-release'), `v${number}\n`)
    for (const name of [`${id(number)}.env`, `${id(number)}-00000000.env`, `${id(number)}-00000000.json`]) {
      writeFileSync(join(own, name), '')
      utimesSync(join(own, name), number * 1000, number * 1000)
    }
  }
  mkdirSync(join(releases, `${id(8)}.new`))
  symlinkSync(join(releases, id(current)), join(root, 'srv/work/current'))
  const run = async ({ text }: Command) => {
    const here = text.replaceAll('/srv/', `${root}/srv/`).replaceAll('/etc/', `${root}/etc/`)
    return (await execa('dash', ['-c', here])).stdout
  }
  return { run, releases, own, root }
}

const order = (output: string) =>
  parseHeldFiles(output)
    .editions.toSorted((a, b) => Date.parse(a.created) - Date.parse(b.created))
    .map(({ edition }) => edition[0])
    .join('')

test('what a host holds, the current release as the newest, half a release as none', async () => {
  const { run } = host(3)
  const output = await run(heldFilesCommand('work', true))
  expect(order(output)).toBe('1245673')
  const { editions, used, served } = parseHeldFiles(output)
  expect(used).toEqual(new Set([id(3)]))
  expect(served.size).toBe(7)
  expect(editions.every(({ bytes = 0 }) => bytes >= 5000)).toBe(true)
})

test('what goes takes its environment along; what is current by now stays, and the same again does nothing', async () => {
  const { run, releases, own, root } = host(7)
  const held = parseHeldFiles(await run(heldFilesCommand('work', false)))
  const gone = spare(new Map([['sync1', held]]), {}).get('sync1')?.editions ?? []
  expect(gone.toSorted()).toEqual([id(1), id(2)])
  for (const _ of ['once', 'again']) await run(letGoFilesCommand('work', [...gone, id(7)]))
  expect(readdirSync(releases)).toEqual([3, 4, 5, 6, 7].map(id).concat(`${id(8)}.new`))
  expect(readdirSync(own).some(name => name.startsWith(id(1)) || name.startsWith(id(2)))).toBe(false)
  expect(existsSync(join(own, `${id(7)}.env`))).toBe(true)
  expect(existsSync(join(root, 'srv/work/current/code'))).toBe(true)
})

test('of a service that is not there nothing is said', async () => {
  const { run } = host(1)
  expect(parseHeldFiles(await run(heldFilesCommand('other', true)))).toEqual({
    editions: [],
    used: new Set(),
    served: new Set(),
  })
})

test('a host that makes something up names no path', () => {
  expect(parseHeldFiles('release ../../etc 1 1\nrelease aaaaaaaaaaaa 5 7\n').editions).toHaveLength(1)
})
