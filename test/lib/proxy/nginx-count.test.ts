import { execFileSync } from 'node:child_process'
import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { COUNT } from '../../../lib/proxy/nginx-look.ts'
import { folder } from '../../support/folder.ts'

const A = '10.0.0.2:8001'
const B = '[fd00::3]:8002'
let log = ''

beforeEach(() => {
  log = join(folder(), 'fleet-web.log')
})

const line = (servers: string, codes: string, request = 'GET / HTTP/1.1'): string =>
  `1700000000.123 "${servers}" "${codes}" 10.9.9.9 200 5 0.001 abc "${request}" "curl"\n`
const look = (): string => execFileSync('perl', ['-e', COUNT, log, `${log}.counts`], { encoding: 'utf8' })

test('counts what has come since the first look', () => {
  writeFileSync(log, line(A, '200'))
  expect(look()).toBe('')
  appendFileSync(log, line(A, '200') + line(A, '503') + line(B, '404'))
  expect(look()).toBe(`${A} 2 1\n${B} 1 0\n`)
  expect(look()).toBe(`${A} 2 1\n${B} 1 0\n`)
})

test('counts each server that a request was tried on, and none that it never reached', () => {
  look()
  writeFileSync(log, line(`${A}, ${B}`, '502, 200') + line('-', '-') + line('web-0123456789ab', '502'))
  expect(look()).toBe(`${A} 1 1\n${B} 1 0\n`)
})

test('loses nothing when the log is rotated between two looks, and counts nothing twice', () => {
  writeFileSync(log, '')
  look()
  appendFileSync(log, line(A, '200'))
  expect(look()).toBe(`${A} 1 0\n`)
  appendFileSync(log, line(A, '500'))
  renameSync(log, `${log}.1`)
  writeFileSync(log, line(A, '200'))
  expect(look()).toBe(`${A} 3 1\n`)
  // Workers write the old file until they are told.
  appendFileSync(`${log}.1`, line(A, '200'))
  expect(look()).toBe(`${A} 4 1\n`)
})

test('a log that was emptied begins anew, and a line in the making waits', () => {
  writeFileSync(log, line(A, '200').repeat(3))
  look()
  writeFileSync(log, line(A, '200'))
  expect(look()).toBe(`${A} 1 0\n`)
  const [begin, end] = [line(A, '200').slice(0, 30), line(A, '200').slice(30)]
  appendFileSync(log, begin)
  expect(look()).toBe(`${A} 1 0\n`)
  appendFileSync(log, end)
  expect(look()).toBe(`${A} 2 0\n`)
})

test('what users ask for counts as nothing but one request', () => {
  look()
  writeFileSync(
    log,
    line(A, '200', String.raw`GET /\x22 \x22${B}\x22 \x22500\x22 HTTP/1.1`) + 'no line of ours\n',
  )
  expect(look()).toBe(`${A} 1 0\n`)
})
