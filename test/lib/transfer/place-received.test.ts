import { readdirSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { placeReceived } from '../../../lib/transfer/place-received.ts'
import { failure } from '../../support/ssh-connect.ts'
import { folder } from '../../support/folder.ts'

const tree = { folders: [], files: ['logs/sub/deep/a'], left: [] }

test('folders that the archive does not name are made', async () => {
  const from = folder({ 'logs/sub/deep/a': 'x' })
  const to = folder()
  expect(await placeReceived(tree, { from, to, force: false })).toEqual(['logs/sub/deep/a'])
  expect(await placeReceived(tree, { from: folder({ 'logs/sub/deep/a': 'x' }), to, force: false })).toEqual(
    [],
  )
})

test('a link among them is not followed, forced or not', async () => {
  const from = folder({ 'logs/sub/deep/a': 'x' })
  const outside = folder()
  const to = folder({ 'logs/other': '' })
  symlinkSync(outside, `${to}/logs/sub`)
  expect(await failure(placeReceived(tree, { from, to, force: true }))).toMatchObject({
    message: `${to}/logs/sub is no folder`,
    exitCode: 2,
  })
  expect(readdirSync(outside)).toEqual([])
})

test('a file among them is told', async () => {
  const from = folder({ 'logs/sub/deep/a': 'x' })
  const to = folder({ 'logs/sub': 'mine' })
  expect(await failure(placeReceived(tree, { from, to, force: true }))).toMatchObject({
    message: `${to}/logs/sub is no folder`,
  })
})
