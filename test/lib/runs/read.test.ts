import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { newNonce } from '../../../lib/resource/program.ts'
import { readAnswer, type HostAnswer } from '../../../lib/runs/read-answer.ts'
import { readProgram, type Query } from '../../../lib/runs/read-program.ts'
import { journalHeader, mark, step } from '../../support/journal.ts'
import { RunHost } from '../../support/run-folders.ts'

const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
const head = journalHeader(undefined, { boot })
const done = head + step(0, 0) + step(1, 0) + step(2, 0) + mark('done')

async function ask(host: RunHost, query: Query): Promise<HostAnswer> {
  const nonce = newNonce()
  const { stdout, stderr } = await host.transport.exec('sh', { stdin: readProgram(query, nonce) })
  expect(stderr.toString()).toBe('')
  const answer = readAnswer(nonce, stdout)
  if (answer === undefined) throw new Error(stdout.toString())
  return answer
}

const latest: Query = { runs: { newest: 10 }, journals: 'ends' }
const summary = ({ runs }: HostAnswer) =>
  runs.map(({ id, journals }) => `${id} ${journals.map(({ state }) => state).join(' ')}`.trim())

test('a host that never ran anything', async () => {
  expect(await ask(new RunHost('web1'), { ...latest, audit: 1000 })).toMatchObject({ runs: [], audit: [] })
})

test('the newest runs first, and no more than are asked for', async () => {
  const host = new RunHost('web1')
    .hold({ id: '20261120T120000-aaaa' }, done)
    .hold({ id: '20261122T120000-bbbb' }, done, head + step(0, 3))
    .hold({ id: '20261121T120000-cccc' }, head + step(0, 0))
    .write('-rf $(reboot)', 'run.json', '{}')
  expect(summary(await ask(host, latest))).toEqual([
    '20261122T120000-bbbb done failed',
    '20261121T120000-cccc cut',
    '20261120T120000-aaaa done',
  ])
  expect(summary(await ask(host, { ...latest, runs: { newest: 1 } }))).toHaveLength(1)
})

test.each(['20261122T120000-bbbb', '20261122', 'bbbb'])('a run by %s', async like => {
  const host = new RunHost('web1')
    .hold({ id: '20261120T120000-aaaa' }, done)
    .hold({ id: '20261122T120000-bbbb' }, head + step(0, 2, 'no space left'))
  const [run, ...more] = (await ask(host, { runs: { like }, journals: 'whole' })).runs
  expect(more).toEqual([])
  expect(run?.journals[0]?.steps[0]).toMatchObject({ exitCode: 2, tail: ['no space left'] })
})

test('a journal that is held runs, and asking twice at once does not make it so', async () => {
  const id = '20261122T120000-bbbb'
  const host = new RunHost('web1').hold({ id }, head + step(0, 0) + mark('begin', 1), head + step(0, 0))
  const holder = spawn('flock', [host.path(id, '001.journal'), 'sh', '-c', 'echo; exec cat'])
  await once(holder.stdout, 'data')
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(host, latest)))
  for (const answer of answers) expect(summary(answer)).toEqual([`${id} running cut`])
  holder.stdin.end()
  await once(holder, 'close')
  expect(summary(await ask(host, latest))).toEqual([`${id} cut cut`])
})

test('of a long journal every step is told, and the last words of the last ones', async () => {
  const id = '20261122T120000-bbbb'
  const noise = `${'x'.repeat(99)}\n`.repeat(5000)
  const host = new RunHost('web1').hold(
    { id },
    head + step(0, 0, noise, 10) + step(1, 0, noise, 20) + mark('begin', 2) + noise + 'the end',
  )
  const [run] = (await ask(host, { runs: { like: id }, journals: 'whole' })).runs
  expect(run?.journals[0]).toMatchObject({
    state: 'cut',
    steps: [{ state: 'done', milliseconds: 10 }, { state: 'done', milliseconds: 20 }, { state: 'cut' }],
  })
  expect(run?.journals[0]?.steps[2]?.tail.at(-1)).toBe('the end')
  expect(host.transport.cost.bytesReceived).toBeLessThan(300_000)
})

test('any cut of a journal reads the same by its ends as whole', async () => {
  const bytes = Buffer.from(head + step(0, 0, 'größer') + step(1, 1, 'Ende'))
  const host = new RunHost('web1')
  for (let cut = 1; cut < 130; cut += 1) {
    host.hold({ id: `cut-${String(cut).padStart(3, '0')}` })
    host.write(`cut-${String(cut).padStart(3, '0')}`, '001.journal', bytes.subarray(0, -cut))
  }
  const ends = await ask(host, { runs: { newest: 200 }, journals: 'ends' })
  expect(new Set(ends.runs.map(({ journals }) => journals[0]?.state))).toEqual(new Set(['cut']))
})

test.each<[string, string | undefined, string]>([
  ['no record', undefined, 'it has no record'],
  ['a record cut short', '{"version":1,"id":"run-', 'its record is no JSON, or was cut short'],
  ['a record of a newer version', '{"version":2,"runs":[]}', 'a newer version of fleet wrote its record'],
  ['something else', '[]', 'its record is not that of a run'],
])('%s is told', async (_, text, why) => {
  const host = new RunHost('web1').write('run-1', '001.journal', done)
  if (text !== undefined) host.write('run-1', 'run.json', text)
  const { runs } = await ask(host, latest)
  expect(runs[0]).toMatchObject({ record: why, journals: [{ state: 'done' }] })
})

test('who asked it to stop, and how it ended', async () => {
  const host = new RunHost('web1')
    .hold({ id: 'run-1' }, done)
    .write('run-1', 'stop', '{"by":"bob\\u001b[2J@desk","at":"2026-11-22T12:00:00Z"}')
    .write(
      'run-1',
      'ended.json',
      '{"version":1,"at":"2026-11-22T12:00:00Z","exitCode":7,"error":"unhealthy"}',
    )
  const { runs } = await ask(host, latest)
  expect(runs[0]).toMatchObject({ stop: { by: 'bob@desk' }, ended: { exitCode: 7, error: 'unhealthy' } })
})

test('audit lines, without those that are none', async () => {
  const host = new RunHost('web1').audit({ run: 'run-1' }, 'not json', '{"version":2}', { run: 'run-2' })
  const query: Query = { runs: 'none', journals: 'none', audit: 100_000 }
  const answer = await ask(host, query)
  expect(answer.audit.map(({ run }) => run)).toEqual(['run-1', 'run-2'])
  expect([answer.unreadable, answer.isAuditPart]).toEqual([2, false])
  const part = await ask(host, { ...query, audit: 200 })
  expect([part.audit.map(({ run }) => run), part.isAuditPart]).toEqual([['run-2'], true])
})

test('an answer that stopped in the middle is none', () => {
  expect(readAnswer('n', Buffer.from('\nn host boot 1\n\nn run a\n'))).toBeUndefined()
  expect(readAnswer('n', Buffer.from(''))).toBeUndefined()
})

test('a flip is told by our clock, however wrong that of its host is', () => {
  const now = Math.floor(Date.now() / 1000)
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString()
  const text = `\nn host boot ${now + 3600}\n\nn run a\n\nn flips\nweb green flipped ${iso(now + 3590)}\n\nn done\n`
  const [flip] = readAnswer('n', Buffer.from(text))?.runs[0]?.flips ?? []
  expect(flip).toMatchObject({ service: 'web', slot: 'green' })
  expect(Math.abs(Date.parse(flip?.at ?? '') - (now - 10) * 1000)).toBeLessThan(60_000)
})
