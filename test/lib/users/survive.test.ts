import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../../lib/shell/secret.ts'
import { openPostgres } from '../../../lib/users/postgres.ts'
import { id, living, results, runResync, runUnlock, useDatabase, withoutPostgres } from './database.ts'

describe.skipIf(withoutPostgres())('fleet users unlock, disturbed', () => {
  const db = useDatabase()

  it('skips a user that was locked again, or freed, between plan and act', async () => {
    await db.stranded(4)
    const to = db.fake({
      answer: living({}),
      async onConfirm() {
        await db.sql(`update users set synchronization_start_time = now() where id = $1`, [id(1)])
        await db.sql(`update users set synchronization_worker = null where id = $1`, [id(2)])
        await db.sql(`delete from users where id = $1`, [id(3)])
      },
    })
    const result = await runUnlock(to, { where: ['stranded'] })
    expect(results(result)).toMatchObject([
      { outcome: 'changed', detail: 'changed since the plan: now locked by sync1 (process 101)' },
      { outcome: 'changed', detail: 'changed since the plan: now not locked any more' },
      { outcome: 'not-found' },
      { outcome: 'done' },
    ])
    expect(await db.row(1)).toMatchObject({ synchronization_worker: 101, queued_generation: 'abc' })
  })

  it('lets two operators at once do every user exactly once', async () => {
    await db.stranded(60)
    await db.sql(`create table writes (id char(24));
        create function seen() returns trigger language plpgsql as $$
          begin insert into writes values (new.id); return new; end $$;
        create trigger seen after update on users for each row execute function seen()`)
    let ready: (() => void) | undefined
    const both = new Promise<void>(resolve => {
      ready = resolve
    })
    let waiting = 0
    const onConfirm = () => {
      waiting += 1
      if (waiting === 2) ready?.()
      return both
    }
    const two = ['r1', 'r2'].map(runId => db.fake({ answer: living({}), onConfirm, runId }))
    const ended = await Promise.all(two.map(to => runUnlock(to, { where: ['stranded'] })))
    const outcomes = ended.flatMap(results)
    expect(outcomes).toHaveLength(120)
    expect(outcomes.filter(({ outcome }) => outcome === 'done')).toHaveLength(60)
    expect(outcomes.filter(({ outcome }) => outcome === 'changed')).toHaveLength(60)
    const [counts] = await db.sql('select count(*)::int as all, count(distinct id)::int as users from writes')
    expect(counts).toEqual({ all: 60, users: 60 })
    await db.sql('drop trigger seen on users; drop function seen; drop table writes')
  })

  it('stops on Ctrl-C after the users under way, and resumes', async () => {
    await db.stranded(30)
    const abort = new AbortController()
    const to = db.fake({ answer: living({}), signal: abort.signal })
    const printed = to.printed.push.bind(to.printed)
    to.printed.push = (...lines) => {
      abort.abort()
      return printed(...lines)
    }
    const stopped = await runUnlock(to, { where: ['stranded'] }).catch((error: unknown) => error)
    expect(stopped).toMatchObject({ exitCode: 8, message: 'stopped after 10 of 30 users' })
    const hint = stopped instanceof Error && 'hint' in stopped ? String(stopped.hint) : ''
    const run = /--resume (\S+)$/.exec(hint)?.[1]
    const again = db.fake()
    await expect(runUnlock(again, { resume: run })).resolves.toMatchObject({ exitCode: 0 })
    expect(again.asked[0]?.count).toBe(20)
    expect(again.printed.at(-1)).toBe('20 done')
    await expect(runResync(db.fake(), { resume: run })).rejects.toThrow('is a users unlock')
    const finished = db.fake()
    await runUnlock(finished, { resume: run })
    expect(finished.asked).toEqual([])
  })

  it('survives a connection that is killed in the middle', async () => {
    await db.stranded(45)
    // The server ends our connection at the 23rd user, after its write: the worst moment there is.
    await db.sql(`create function kill_us() returns trigger language plpgsql as $$
          begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;
        create trigger kill_us after update on users for each row when (new.id = '${id(23)}')
          execute function kill_us()`)
    const to = db.fake({ answer: living({}) })
    const lost = await runUnlock(to, { where: ['stranded'] }).catch((error: unknown) => error)
    await db.sql('drop trigger kill_us on users; drop function kill_us')
    expect(lost).toMatchObject({
      exitCode: 5,
      message: expect.stringMatching(/^db1: no connection to PostgreSQL/),
    })
    const receipt = await db.receipt()
    const lines = receipt.trim().split('\n')
    expect(lines.every(line => JSON.parse(line))).toBe(true)
    expect(receipt.match(/"outcome":"in-doubt"/g)?.length).toBeGreaterThanOrEqual(8)
    const run = /"run":"([^"]+)"/.exec(receipt)?.[1]
    const again = db.fake()
    await expect(runUnlock(again, { resume: run, reason: 'again' })).resolves.toMatchObject({ exitCode: 0 })
    const [left] = await db.sql(
      'select count(*)::int as n from users where synchronization_worker is not null',
    )
    expect(left).toEqual({ n: 0 })
    const whole = await db.receipt()
    expect(whole).toContain('"reason":"again"')
    // What was written before the end of our connection, and not told to us, is changed by then: by us, or not.
    expect(whole.match(/"outcome":"done"|perhaps by this run before it was cut off/g)).toHaveLength(45)
  })

  it('says in doubt when the tunnel breaks with a write in it', async () => {
    await db.stranded(30)
    const tunnels: Duplex[] = []
    const dial = () => {
      const stream = db.dial()
      tunnels.push(stream)
      return stream
    }
    const to = db.fake({ answer: living({}), dial })
    const printed = to.printed.push.bind(to.printed)
    to.printed.push = (...lines) => {
      for (const tunnel of tunnels) tunnel.destroy()
      return printed(...lines)
    }
    await expect(runUnlock(to, { where: ['stranded'] })).rejects.toMatchObject({
      exitCode: 5,
      hint: expect.stringContaining('fleet users unlock --resume'),
    })
    const receipt = await db.receipt()
    expect(receipt.match(/"outcome":"in-doubt"/g)).toHaveLength(10)
  })

  it('fails the user whose row somebody else holds, and does the others', async () => {
    await db.stranded(12)
    const store = await openPostgres({
      host: 'db1',
      database: 'postgres',
      user: 'owner',
      password: new Secret('db', db.password()),
      tunnel: db.dial(),
      lockTimeout: 200,
    })
    const version = {
      lock: { host: 'sync1', worker: 101, startedAt: '2026-11-22T10:00:00.123456Z' },
      nextSync: null,
    }
    await db.sql('begin')
    await db.sql('select 1 from users where id = $1 for update', [id(1)])
    const held = store.write({ action: 'unlock' }, id(1), version)
    await expect(held).rejects.toThrow(
      'db1: PostgreSQL took too long: canceling statement due to lock timeout',
    )
    await db.sql('rollback')
    await expect(store.write({ action: 'unlock' }, id(1), version)).resolves.toEqual({ outcome: 'done' })
    await store.close()
  })
})
