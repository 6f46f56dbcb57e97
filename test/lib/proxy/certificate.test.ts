import { X509Certificate } from 'node:crypto'
import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureCertificate } from '../../../lib/proxy/certificate.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 't-swap-ca-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const { signal } = new AbortController()
const ensure = (names: string[], now = new Date()) => ensureCertificate({ folder, names, now, signal })

test('is made once, for its names, by our own authority, and shown to nobody', async () => {
  const first = await ensure(['a.test', 'b.test'])
  const leaf = new X509Certificate(first.bundle.reveal())
  expect(leaf.checkIssued(new X509Certificate(first.ca))).toBe(true)
  expect(leaf.checkHost('b.test')).toBe('b.test')
  expect(String(first.bundle)).toBe('[secret certificate a.test]')
  expect((await stat(join(folder, 'ca.pem.key'))).mode & 0o777).toBe(0o600)
  expect((await stat(join(folder, 'a.test.pem.key'))).mode & 0o777).toBe(0o600)
  const again = await ensure(['a.test', 'b.test'])
  expect(again.renewed).toBe(false)
  expect(again.bundle.reveal()).toBe(first.bundle.reveal())
})

test('is renewed for another name and before its end, by the same authority', async () => {
  const { ca } = await ensure(['a.test', 'b.test'])
  const more = await ensure(['a.test', 'b.test', 'c.test'])
  expect(more).toMatchObject({ renewed: true, ca })
  const late = await ensure(['a.test'], new Date(Date.now() + 370 * 86_400_000))
  expect(late).toMatchObject({ renewed: true, ca })
})

test('services that ask for theirs at once have one authority', async () => {
  const place = join(folder, 'several')
  const all = ['a.test', 'b.test', 'c.test', 'd.test'].map(name =>
    ensureCertificate({ folder: place, names: [name], now: new Date(), signal }),
  )
  const made = await Promise.all(all)
  expect(new Set(made.map(({ ca }) => ca)).size).toBe(1)
  for (const { ca, bundle } of made) {
    expect(new X509Certificate(bundle.reveal()).verify(new X509Certificate(ca).publicKey)).toBe(true)
  }
})

test('an authority whose key is another one is made anew', async () => {
  const place = join(folder, 'mixed')
  const make = () => ensureCertificate({ folder: place, names: ['a.test'], now: new Date(), signal })
  const { ca } = await make()
  await copyFile(join(place, 'a.test.pem.key'), join(place, 'ca.pem.key'))
  const anew = await make()
  expect(anew.ca).not.toBe(ca)
  expect(new X509Certificate(anew.bundle.reveal()).checkIssued(new X509Certificate(anew.ca))).toBe(true)
})

test('refuses names that are none', async () => {
  await expect(ensure(['a.test,DNS:evil'])).rejects.toThrow('no certificate can be made')
  await expect(ensure([])).rejects.toThrow('no certificate can be made for no name')
})
