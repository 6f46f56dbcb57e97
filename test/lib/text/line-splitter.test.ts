import { expect, test } from 'vitest'
import { LineSplitter } from '../../../lib/text/line-splitter.ts'

test.each([1, 2, 3, 100])('lines of chunks of %d bytes', size => {
  const bytes = Buffer.from('über\n\n日本\nrest')
  const splitter = new LineSplitter()
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += size) lines.push(...splitter.push(bytes.subarray(at, at + size)))
  expect(lines).toEqual(['über', '', '日本'])
  expect(splitter.end()).toEqual(['rest'])
  expect(splitter.end()).toEqual([])
})
