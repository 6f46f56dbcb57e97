import { mkdtemp, appendFile, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AbortedError, CommandError, ConnectError } from '../../../lib/errors.ts'
import { executeUsers } from '../../../lib/users/execute.ts'
import { readReceipt, Receipt, receiptPath, type ReceiptLine } from '../../../lib/users/receipt.ts'
import { unfinished } from '../../../lib/users/resume.ts'
import type { UserStore, Written } from '../../../lib/users/store.ts'

const id = (number: number) => number.toString(16).padStart(24, '0')
const version = { lock: { host: 'sync1', worker: 1, startedAt: null }, nextSync: null }
const planned = (count: number) => Array.from({ length: count }, (_, index) => ({ id: id(index), version }))

function setUp(count: number, write: (user: string) => Promise<Written>) {
  const lines: ReceiptLine[] = []
  const abort = new AbortController()
  const store: UserStore = {
    locks: () => Promise.resolve([]),
    count: () => Promise.resolve(0),
    select: () => Promise.resolve([]),
    write: (_, user) => write(user),
    close: () => Promise.resolve(),
  }
  const options = {
    store,
    receipt: { append: async (more: readonly ReceiptLine[]) => void lines.push(...more) },
    change: { action: 'unlock' } as const,
    users: planned(count),
    signal: abort.signal,
    now: () => new Date(0),
    resumeCommand: 'fleet users unlock --resume r1',
    onResults: () => undefined,
  }
  return { options, lines, abort }
}

const done = { outcome: 'done' } as const

describe('executing a plan', () => {
  it('writes every user once and records each', async () => {
    const seen: string[] = []
    const { options, lines } = setUp(25, async user => {
      seen.push(user)
      return done
    })
    await expect(executeUsers(options)).resolves.toHaveLength(25)
    expect(seen).toEqual(planned(25).map(user => user.id))
    expect(lines).toHaveLength(25)
  })

  it('goes on over a few failures, and stops at one in five', async () => {
    const poison = setUp(40, async user => {
      if (user === id(3)) throw new CommandError('deadlock detected', { host: 'db1' })
      return done
    })
    const results = await executeUsers(poison.options)
    expect(results.filter(({ outcome }) => outcome === 'failed')).toHaveLength(1)
    const sick = setUp(40, async () => {
      throw new CommandError('disk full', { host: 'db1' })
    })
    const stopped = executeUsers(sick.options)
    await expect(stopped).rejects.toThrow(
      'stopped: 10 of 10 users failed, 30 not tried; first: db1: disk full',
    )
    await expect(stopped).rejects.toMatchObject({ exitCode: 4 })
    expect(sick.lines).toHaveLength(11)
  })

  it('ends the batch under way on Ctrl-C, and says how to go on', async () => {
    const { options, lines, abort } = setUp(40, async user => {
      if (user === id(12)) abort.abort()
      return done
    })
    const stopped = executeUsers(options)
    await expect(stopped).rejects.toThrow(AbortedError)
    await expect(stopped).rejects.toMatchObject({ exitCode: 8, hint: 'fleet users unlock --resume r1' })
    expect(lines).toHaveLength(21)
    expect(lines.at(-1)).toMatchObject({ type: 'stopped' })
  })

  it('leaves in doubt what a lost connection left open', async () => {
    const { options, lines } = setUp(40, async user => {
      if (user > id(14)) throw new ConnectError('connection lost', { host: 'db1' })
      return done
    })
    await expect(executeUsers(options)).rejects.toMatchObject({ exitCode: 5, hint: options.resumeCommand })
    expect(lines.filter(line => line.type === 'result' && line.outcome === 'in-doubt')).toHaveLength(5)
    expect(lines).toHaveLength(21)
    expect(lines.at(-1)).toMatchObject({ type: 'stopped' })
  })

  it('lets a bug through as a bug', async () => {
    const { options } = setUp(3, () => Promise.reject(new TypeError('oops')))
    await expect(executeUsers(options)).rejects.toThrow(TypeError)
  })
})

describe('a receipt', () => {
  const header = {
    type: 'plan',
    version: 1,
    run: 'r1',
    fleet: 'lab',
    database: 'db1/app',
    change: { action: 'unlock' },
    selection: '--where stranded',
    who: 'anna@laptop',
    reason: null,
    at: '2026-11-22T12:00:00.000Z',
    users: 3,
  } as const
  const users = planned(3).map(user => ({ type: 'user' as const, ...user }))
  const result = (number: number, outcome: 'done' | 'failed' | 'in-doubt') =>
    ({ type: 'result', user: id(number), outcome, at: header.at }) as const

  const fresh = async () => {
    const state = await mkdtemp('/tmp/fleet-receipt-')
    onTestFinished(() => rm(state, { recursive: true }))
    return receiptPath(state, 'lab', 'r1')
  }

  it('gives back what is left, over a line that a crash cut short', async () => {
    const path = await fresh()
    const first = await Receipt.create(path)
    await first.append([header, ...users, { type: 'sealed' }, result(0, 'done'), result(1, 'in-doubt')])
    await first.close()
    await appendFile(path, '{"type":"result","user":"0000')
    const left = unfinished(await readReceipt(path, 'r1'), 'r1')
    expect(left.users.map(user => user.id)).toEqual([id(1), id(2)])
    // It was killed: the user after the last result may have been written as well.
    expect([...left.inDoubt]).toEqual([id(1), id(2)])
    const stopped = [...(await readReceipt(path, 'r1')), { type: 'stopped', at: header.at } as const]
    expect([...unfinished(stopped, 'r1').inDoubt]).toEqual([id(1)])
    const again = await Receipt.reopen(path)
    await again.append([result(1, 'done'), result(2, 'failed')])
    await again.close()
    expect(unfinished(await readReceipt(path, 'r1'), 'r1').users.map(user => user.id)).toEqual([id(2)])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readFile(path, 'utf8')).not.toContain('"0000{')
  })

  it('of a run that never began is not resumed', async () => {
    expect(() => unfinished([header, ...users], 'r1')).toThrow('ended before it wrote anything')
  })

  it('is never written over, and never looked for outside its folder', async () => {
    const path = await fresh()
    await (await Receipt.create(path)).close()
    await expect(Receipt.create(path)).rejects.toThrow('EEXIST')
    for (const run of ['../../etc/passwd', '-x', '', 'a.b', 'a/b']) {
      expect(() => receiptPath('/state', 'lab', run)).toThrow('is no run id')
    }
    await appendFile(path, '{"type":"nonsense"}\n')
    await expect(readReceipt(path, 'r1')).rejects.toThrow('line 1 is no line of a receipt')
    expect(receiptPath('/state', '../x', 'r1')).toBe(join('/state', 'users', '..%2Fx', 'r1.ndjson'))
    await expect(readReceipt(join(path, '..', 'r2.ndjson'), 'r2')).rejects.toThrow('no run "r2"')
  })
})
