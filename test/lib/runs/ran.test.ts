import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newNonce } from '../../../lib/resource/program.ts'
import { endedOf } from '../../../lib/runs/ended.ts'
import { auditRan } from '../../../lib/runs/ran.ts'
import { readAnswer } from '../../../lib/runs/read-answer.ts'
import { readProgram } from '../../../lib/runs/read-program.ts'
import { testRecord } from '../../support/record.ts'
import { RunHost } from '../../support/run-folders.ts'

const record = testRecord({
  id: '20261122T120000-bbbb',
  task: 'exec',
  params: { command: ['printf', `'"$@%s\\n`, '__END__', 'größer\n$(reboot)'] },
  message: '@{[die]} \\',
})
const ended = endedOf(new Date(), 4)

async function heldBy(host: RunHost) {
  const nonce = newNonce()
  const query = { runs: { newest: 10 }, journals: 'none', audit: 100_000 } as const
  const { stdout } = await host.transport.exec('sh', { stdin: readProgram(query, nonce) })
  return readAnswer(nonce, stdout)
}

test('a host that never ran anything holds the run, as it was and how it ended', async () => {
  const host = new RunHost('web1')
  await auditRan(host.transport, record, ended)
  const answer = await heldBy(host)
  expect(answer?.runs).toMatchObject([{ id: record.id, record, ended }])
  const { id: run, task, params, owner, message } = record
  expect(answer?.audit).toMatchObject([{ run, task, params, owner, message, outcome: 'ran', exitCode: 4 }])
  expect(Math.abs(Date.parse(answer?.audit[0]?.at ?? '') - Date.now())).toBeLessThan(60_000)
})

test('nobody else may read it, and no new file is left over', async () => {
  const host = new RunHost('web1').write(record.id, 'run.json', 'the record before')
  await auditRan(host.transport, record, ended)
  const folder = join(host.root, 'runs', record.id)
  expect(readdirSync(folder).toSorted()).toEqual(['ended.json', 'run.json'])
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
  expect([join(host.root, 'runs'), folder].map(modeOf)).toEqual(['700', '700'])
  expect([join(folder, 'run.json'), join(host.root, 'audit.jsonl')].map(modeOf)).toEqual(['600', '600'])
})

test('of a program that was cut anywhere nothing runs', async () => {
  const host = new RunHost('web1')
  const rewrite = host.transport.rewrite
  let whole = ''
  host.transport.rewrite = script => rewrite((whole = script)).slice(0, 20)
  await expect(auditRan(host.transport, record, ended)).rejects.toThrow('no line in its audit log')
  for (let cut = 2; cut < whole.length; cut += 97) {
    host.transport.rewrite = script => rewrite(script.slice(0, -cut))
    await expect(auditRan(host.transport, record, ended)).rejects.toThrow('no line in its audit log')
  }
  expect(existsSync(join(host.root, 'runs'))).toBe(false)
})

test('what cannot be written is told with the reason', async () => {
  const host = new RunHost('web1')
  mkdirSync(join(host.root, 'audit.jsonl'))
  await expect(auditRan(host.transport, record, ended)).rejects.toThrow(/audit\.jsonl: Is a directory/)
})
