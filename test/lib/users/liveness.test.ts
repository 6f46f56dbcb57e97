import { execFile, spawn } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import { holdsLock, livenessCommand, readLiveness } from '../../../lib/users/liveness.ts'

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
  it('finds the sync workers among processes, and no others', async () => {
    const worker = await processNamed('python3 /srv/app/sync_worker.py')
    const other = await processNamed('nginx')
    const answer = readLiveness(await answerOf([worker, other, 4_194_303, 1]))
    expect(answer?.processes.map(({ pid }) => pid)).toEqual([worker])
    expect(Math.abs((answer?.nowSeconds ?? 0) - Date.now() / 1000)).toBeLessThan(5)
    expect(Math.abs(answer?.processes[0]?.ageSeconds ?? 99)).toBeLessThan(10)
  })

  it('takes no answer that was cut short', () => {
    expect(readLiveness('now 1\npid 5 6\n')).toBeUndefined()
    expect(readLiveness('')).toBeUndefined()
  })
})

describe('whether a process holds a lock', () => {
  const nowSeconds = Date.parse('2026-11-22T12:00:00Z') / 1000
  const lock = { host: 'sync1', worker: 7, startedAt: '2026-11-22T11:50:00.123456Z', ageSeconds: 600 }
  const alive = (ageSeconds: number) => ({ nowSeconds, processes: [{ pid: 7, ageSeconds }] })

  it.each([
    ['is gone', { nowSeconds, processes: [] }, false],
    ['took it', alive(601), true],
    ['started a moment after, by another clock', alive(585), true],
    ['has its number by chance', alive(30), false],
  ])('a process that %s', (_, answer, holds) => expect(holdsLock(lock, answer)).toBe(holds))

  it('is never misled by a clock into taking a living lock', () => {
    const hostIsBehind = { ...lock, ageSeconds: 3600 }
    expect(holdsLock(hostIsBehind, alive(601))).toBe(true)
  })
})
