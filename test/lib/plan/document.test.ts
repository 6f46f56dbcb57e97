import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { planDocument, readPlan, writePlan, type PlanDocument } from '../../../lib/plan/document.ts'
import { folder } from '../../support/folder.ts'

const document: PlanDocument = planDocument(
  {
    hosts: new Map([['web1', { changes: [], hash: 'a'.repeat(64) }]]),
    releases: new Map(),
  },
  {
    tool: '1.0.0',
    fleet: 'shop',
    createdAt: '2026-11-22T12:00:00.000Z',
    createdBy: 'ann@here',
    invocation: { roles: [], on: [] },
  },
)
const here = { tool: '1.0.0', fleet: 'shop' }

test('what was written is read, and is for its owner alone', async () => {
  const root = folder()
  const path = join(root, 'plan.json')
  writeFileSync(path, 'old')
  chmodSync(path, 0o644)
  await writePlan(path, document)
  expect(await readPlan(path, here)).toEqual(document)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(root)).toEqual(['plan.json'])
})

test.each<[string, string, RegExp]>([
  ['no JSON, perhaps of secrets', '{"password": hunter2', /is no plan: not valid JSON$/],
  ['another file', '{"a": 1}', /is no plan of fleet$/],
  [
    'another format',
    JSON.stringify({ ...document, version: 2 }),
    /has format version 2, this program reads version 1$/,
  ],
  [
    'another fleet',
    JSON.stringify({ ...document, fleet: 'other' }),
    /a plan of fleet "other", not of "shop"$/,
  ],
  [
    'another version',
    JSON.stringify({ ...document, tool: '0.9.0' }),
    /made by fleet 0\.9\.0, this is fleet 1\.0\.0$/,
  ],
  ['cut short', JSON.stringify({ ...document, hosts: undefined }), /is damaged\n {2}hosts: /],
  [
    'a wrong hash',
    JSON.stringify({ ...document, hosts: { web1: { changes: [], hash: 'x' } } }),
    /is damaged\n {2}hosts\.web1\.hash: /,
  ],
  ['more than there should be', JSON.stringify({ ...document, extra: 1 }), /is damaged\n {2}the whole: /],
])('%s is refused', async (_, text, message) => {
  const path = join(folder({ 'plan.json': text }), 'plan.json')
  const failure = readPlan(path, here)
  await expect(failure).rejects.toThrow(message)
  await expect(failure).rejects.toMatchObject({ exitCode: 2, hint: expect.stringContaining('fleet ') })
  await expect(failure).rejects.not.toThrow('hunter2')
})

test('no file, and no place for one', async () => {
  await expect(readPlan('/nonexistent/plan.json', here)).rejects.toMatchObject({ exitCode: 2 })
  await expect(writePlan('/nonexistent/plan.json', document)).rejects.toMatchObject({ exitCode: 2 })
})
