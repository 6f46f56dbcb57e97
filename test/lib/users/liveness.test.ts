import { execFile, spawn } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import { checkLocks, livenessCommand, readLiveness, workerState } from '../../../lib/users/liveness.ts'
import { fakeContext } from './fake-context.ts'

const started: (() => void)[] = []
afterEach(() => {
  for (const stop of started.splice(0)) stop()
})

/** A process that shows as `name` in the process list. */
async function processNamed(name: string): Promise<number> {
  const child = spawn('bash', ['-c', `exec -a '${name}' sleep 60`], { stdio: 'ignore' })
  started.push(() => child.kill('SIGKILL'))
  await new Promise(resolve => setTimeout(resolve, 200))
  return child.pid ?? -1
}

const answerOf = (pids: readonly number[]) =>
  new Promise<string>((resolve, reject) => {
    const command = livenessCommand(pids)
    const child = execFile('sh', ['-c', command.text], (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    )
    child.stdin?.end(String(command.stdin))
  })

describe('the question to a host', () => {
  it('tells sync workers from other living processes, and finds no dead ones', async () => {
    const worker = await processNamed('python3 /srv/app/sync_worker.py')
    const other = await processNamed('nginx')
    const answer = readLiveness(await answerOf([worker, other, 4_194_303]))
    expect(answer?.processes).toMatchObject([
      { pid: worker, isWorker: true },
      { pid: other, isWorker: false },
    ])
    expect(Math.abs((answer?.nowSeconds ?? 0) - Date.now() / 1000)).toBeLessThan(5)
    for (const { ageSeconds } of answer?.processes ?? []) expect(Math.abs(ageSeconds)).toBeLessThan(10)
  })

  it('takes a zombie for dead', async () => {
    // The shell's child ends at once; what the shell became never waits for it.
    const parent = spawn('bash', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    started.push(() => parent.kill('SIGKILL'))
    const pid = await new Promise<number>(resolve =>
      parent.stdout.once('data', data => resolve(Number(String(data)))),
    )
    await new Promise(resolve => setTimeout(resolve, 500))
    expect(readLiveness(await answerOf([pid]))?.processes).toEqual([])
  })

  it('takes no answer that was cut short', () => {
    expect(readLiveness('now 1\npid 5 6\n')).toBeUndefined()
    expect(readLiveness('')).toBeUndefined()
  })
})

describe('whether a process holds a lock', () => {
  const nowSeconds = Date.parse('2026-11-22T12:00:00Z') / 1000
  const lock = { host: 'sync1', worker: 7, startedAt: '2026-11-22T11:50:00.123456Z', ageSeconds: 600 }
  const process = (ageSeconds: number, isWorker = true) => ({
    nowSeconds,
    processes: [{ pid: 7, isWorker, ageSeconds }],
  })

  it.each([
    ['is gone', { nowSeconds, processes: [] }, 'dead'],
    ['took it', process(601), 'alive'],
    ['started a moment after, by another clock', process(585), 'alive'],
    ['has its number by chance', process(30), 'dead'],
    ['is old enough, by another name', process(601, false), 'unknown'],
    ['has its number by chance, by another name', process(30, false), 'dead'],
  ])('a process that %s', (_, answer, state) => expect(workerState(lock, answer)).toBe(state))

  it.each([
    [true, 'alive'],
    [false, 'unknown'],
  ])('a lock without a start, its process recognised: %s', (isWorker, state) =>
    expect(workerState({ ...lock, startedAt: null, ageSeconds: null }, process(1, isWorker))).toBe(state),
  )

  it('is never misled by a clock into taking a living lock', () => {
    const hostIsBehind = { ...lock, ageSeconds: 3600 }
    expect(workerState(hostIsBehind, process(601))).toBe('alive')
  })
})

it('leaves processes it does not recognise to their heartbeats, with one warning a host', async () => {
  const lock = (host: string, worker: number) => ({
    host,
    worker,
    startedAt: new Date(Date.now() - 600_000).toISOString(),
    ageSeconds: 600,
  })
  const locks = [lock('sync1', 1), lock('sync1', 2), lock('sync1', 3), lock('sync1', 4), lock('sync2', 2)]
  const said = ['pid 1 9999', 'other 2 9999', 'other 3 9999', 'end', '']
  const fake = fakeContext({
    state: '/nowhere',
    password: '',
    dial() {
      throw new Error('no database here')
    },
    answer: () => [`now ${Math.floor(Date.now() / 1000)}`, ...said].join('\n'),
  })
  expect(await checkLocks(fake.ctx, locks)).toEqual([
    { lock: locks[0], alive: true },
    { lock: locks[3], alive: false },
  ])
  expect(fake.warned).toEqual([
    'sync1: living processes not recognised as sync workers (2, 3): 2 locks judged by their heartbeats',
    'sync2: living processes not recognised as sync workers (2): 1 locks judged by their heartbeats',
  ])
})
