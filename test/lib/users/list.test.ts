import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { id, listed, living, lockedBy, runList, useDatabase, withoutPostgres } from './database.ts'
import type { Fake } from './fake-context.ts'

describe.skipIf(withoutPostgres())('fleet users list', () => {
  const db = useDatabase()

  describe('list', () => {
    it('tells stranded from working by what the hosts say, on the host and the process', async () => {
      await db.add(1, lockedBy('sync1', 7))
      await db.add(2, lockedBy('sync2', 7))
      await db.add(3, { queued_at: new Date() })
      await db.add(4)
      const to = db.fake({ answer: living({ sync2: [7] }) })
      const result = await runList(to, {})
      expect(result).toMatchObject({
        data: {
          total: 4,
          users: [{ state: 'stranded' }, { state: 'syncing' }, { state: 'queued' }, { state: 'idle' }],
        },
      })
      expect(to.forwards).toEqual(['db1: 127.0.0.1:5432'])
      const only = await runList(db.fake({ answer: living({ sync2: [7] }) }), { where: ['stranded'] })
      expect(only).toMatchObject({ data: { total: 1, users: [{ id: id(1) }] } })
    })

    it('falls back to the heartbeat, and says so, where a host cannot be asked', async () => {
      await db.add(1, lockedBy('sync1', 1))
      await db.add(2, lockedBy('sync1', 2))
      await db.add(3, lockedBy('sync1', 3))
      await db.add(4, lockedBy('gone9', 2))
      await db.beat('sync1', 2, '5 minutes')
      await db.beat('sync1', 3, '11 minutes')
      const to = db.fake()
      const result = await runList(to, { where: ['stranded'] })
      expect(result).toMatchObject({ data: { users: [{ id: id(1) }, { id: id(3) }, { id: id(4) }] } })
      expect(to.warned).toEqual([
        '1 locks name hosts outside this fleet (gone9): judged by their heartbeats',
        'sync1: workers not checked (connection refused): 3 locks judged by their heartbeats',
      ])
      const strict = await runList(db.fake(), { where: ['stranded'], stale: '60s' })
      expect(strict).toMatchObject({ data: { total: 4 } })
    })

    it('goes by the heartbeat of a living process that it does not recognise', async () => {
      for (const worker of [1, 2, 3, 4]) {
        const startedAt = new Date(Date.now() - 3_600_000)
        await db.add(worker, { ...lockedBy('sync1', worker), synchronization_start_time: startedAt })
      }
      await db.beat('sync1', 1, '5 seconds')
      await db.beat('sync1', 2, '11 minutes')
      await db.beat('sync1', 4, '5 seconds')
      const to = db.fake({ answer: living({ sync1: [1, 2, 3] }, 'other') })
      expect(listed(await runList(to, { where: ['stranded'] }))).toEqual([2, 3, 4])
      expect(to.warned).toEqual([
        'sync1: living processes not recognised as sync workers (1, 2, 3): 3 locks judged by their heartbeats',
      ])
    })

    it('finds users by pattern, and shows hostile addresses harmlessly', async () => {
      const hostile = `'; drop table users; --%_\\\u001b[2J"@example.com`
      await db.add(1, { email: hostile })
      await db.add(2, { email: 'a_b@example.com' })
      await db.add(3, { email: 'axb@EXAMPLE.com' })
      await db.add(4, { email: null, blocking_sync_error_count: 2, nonblocking_sync_error_count: 1 })
      const to = db.fake()
      const found = async (...where: string[]) => {
        const result = await runList(to, { where })
        return listed(result)
      }
      expect(await found('email=a_b@*')).toEqual([2])
      expect(await found('email=*@example.com')).toEqual([1, 2, 3])
      expect(await found('email=a?b@example.com')).toEqual([2, 3])
      expect(await found(`email=${hostile}`)).toEqual([1])
      expect(await found('email=%')).toEqual([])
      expect(await found('errors=3')).toEqual([4])
      expect(await found('errors', 'email=*')).toEqual([])
      expect(await found('unsynced=1d', `id=${id(4)}`)).toEqual([4])
      expect(to.printed.join('\n')).not.toContain('\u001b')
    })

    it('says how many there are, and which ids do not exist', async () => {
      for (let number = 1; number <= 4; number += 1) await db.add(number)
      const to = db.fake()
      await runList(to, { limit: '3' })
      expect(to.printed.at(-1)).toBe('3 of 4 users; --limit shows more')
      await expect(runList(to, { ids: [id(1), id(99)] })).resolves.toMatchObject({ exitCode: 9 })
      expect(to.printed).toContain(`${id(99)}  not-found`)
    })
  })

  describe('a database that cannot be used', () => {
    const failure = async (to: Fake) => runList(to, {}).then(String, (error: unknown) => error)

    it('is down', async () => {
      const dial = () => connect('/tmp/no-such-socket')
      expect(await failure(db.fake({ dial }))).toMatchObject({
        exitCode: 5,
        message: expect.stringMatching(/^db1: no connection to PostgreSQL \("postgres"\): .*ENOENT/),
        hint: 'fleet status --on db1',
      })
    })

    it('refuses the forward on every address', async () => {
      const to = db.fake({
        dial() {
          throw new Error('Connection refused')
        },
      })
      expect(await failure(to)).toMatchObject({
        exitCode: 5,
        message:
          'db1: PostgreSQL does not answer: 127.0.0.1:5432: Connection refused; 192.0.2.3:5432: Connection refused',
      })
    })

    it('does not take the password, and the error does not show it', async () => {
      const error = await failure(db.fake({ password: 'wrong-password' }))
      expect(error).toMatchObject({
        exitCode: 5,
        message:
          'db1: PostgreSQL refused owner for database "postgres": password authentication failed for user "owner"',
      })
      expect(String(error)).not.toContain('wrong-password')
    })

    it('has no tables yet', async () => {
      await db.sql('alter table users rename to elsewhere')
      const error = await failure(db.fake())
      await db.sql('alter table elsewhere rename to users')
      expect(error).toMatchObject({
        exitCode: 4,
        message: 'db1: relation "users" does not exist in database "postgres"',
        hint: expect.stringContaining('fleet deploy'),
      })
    })
  })
})
