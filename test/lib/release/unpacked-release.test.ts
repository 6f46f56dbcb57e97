import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { folderRelease } from '../../../lib/release/release-folder.ts'
import { unpackedRelease } from '../../../lib/release/unpacked-release.ts'
import { converge } from '../../support/converge.ts'
import { folder } from '../../support/folder.ts'

const source = folder({ 'app.py': 'print(1)\n', 'bin/run': '#!/bin/sh\n' })
const archive = await buffer((await folderRelease(source, 'v1', new AbortController().signal)).archive())
const label = `it's "v1"; $(touch /tmp/no)`

test('whole after the first time, untouched by the second', () => {
  const path = join(folder(), '0123456789ab')
  const release = unpackedRelease({ path, archive, label })
  expect(converge(release)).toEqual({ action: 'create', detail: label })
  expect(readFileSync(join(path, 'app.py'), 'utf8')).toBe('print(1)\n')
  expect(statSync(join(path, 'bin')).mode & 0o777).toBe(0o755)
  expect(statSync(join(path, 'app.py')).mode & 0o777).toBe(0o644)
  expect(readFileSync(join(path, '.fleetfile-release'), 'utf8')).toBe(`${label}\n`)
  expect(converge(release)).toBeUndefined()
})

test('what a cut-off run left is replaced, with nothing of it in the new one', () => {
  const root = folder({ 'r/half.py': '', 'r.new/other.py': '' })
  converge(unpackedRelease({ path: join(root, 'r'), archive, label: 'v1' }))
  expect(readdirSync(join(root, 'r')).toSorted()).toEqual(['.fleetfile-release', 'app.py', 'bin'])
  expect(readdirSync(root)).toEqual(['r'])
})

test('an archive that breaks off leaves no release, and the old ones as they were', () => {
  const root = folder({ 'old/.fleetfile-release': 'v0\n' })
  const broken = unpackedRelease({ path: join(root, 'new'), archive: archive.subarray(0, 700), label: 'v1' })
  expect(() => converge(broken)).toThrow('exit code')
  expect(readdirSync(root).toSorted()).toEqual(['old'])
  expect(converge(unpackedRelease({ path: join(root, 'old'), archive, label: 'v1' }))).toBeUndefined()
})

test('its folder has to be there', () => {
  const root = folder()
  mkdirSync(join(root, 'releases'))
  writeFileSync(join(root, 'releases/file'), '')
  const release = unpackedRelease({ path: join(root, 'releases/file/x'), archive, label: 'v1' })
  expect(() => converge(release)).toThrow('exit code')
})
