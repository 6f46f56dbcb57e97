import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  id,
  living,
  lockedBy,
  results,
  runResync,
  runUnlock,
  useDatabase,
  withoutPostgres,
} from './database.ts'

describe.skipIf(withoutPostgres())('fleet users unlock and resync', () => {
  const db = useDatabase()

  describe('unlock', () => {
    it('frees and reschedules the stranded, leaves the living, and finds nobody the second time', async () => {
      await db.stranded(7)
      await db.add(50, lockedBy('sync2', 5))
      const answer = living({ sync2: [5] })
      const to = db.fake({ answer })
      const result = await runUnlock(to, { where: ['stranded'], reason: 'ticket 4711' })
      expect(result).toMatchObject({ exitCode: 0 })
      expect(to.asked).toEqual([{ message: 'unlock 7 users of fleet "test" (db1/postgres)?', count: 7 }])
      const [what, heads, ...rows] = to.noted
      expect(what).toMatch(/^unlock 7 users: take the lock off/)
      expect(heads).toMatch(/^ID +EMAIL +STATE/)
      expect(rows.slice(0, 6)).toEqual([
        ...[1, 2, 3, 4, 5].map(user =>
          expect.stringMatching(new RegExp(`^${id(user)} +user${user}@\\S+ +stranded `)),
        ),
        '... and 2 more',
      ])
      expect(to.printed.at(-1)).toBe('7 done')
      expect(await db.row(1)).toMatchObject({
        synchronization_worker: null,
        synchronization_host: 'sync1',
        queued_at: null,
        queued_generation: 'manual',
        next_synchronization: expect.any(Date),
      })
      expect(await db.row(50)).toMatchObject({ synchronization_worker: 5, queued_generation: 'abc' })
      const receipt = await db.receipt()
      expect(receipt).toContain('"reason":"ticket 4711"')
      expect(receipt.match(/"outcome":"done"/g)).toHaveLength(7)
      expect(receipt).not.toContain('example.com')
      expect(to.touched).toEqual(['db1'])

      const again = db.fake({ answer })
      await expect(runUnlock(again, { where: ['stranded'] })).resolves.toMatchObject({ exitCode: 0 })
      expect(again.asked).toEqual([])
      expect(again.printed).toEqual(['0 users: nothing to do'])
      expect(again.touched).toEqual([])
    })

    it('gives each id its result, and touches no lock of a living worker without --force', async () => {
      await db.stranded(1)
      await db.add(2, lockedBy('sync2', 5))
      await db.add(3)
      const file = 'ids.txt'
      await writeFile(join(db.state(), file), [id(1), id(2), id(3), id(4), id(1)].join('\n'))
      const answer = living({ sync2: [5] })
      const result = await runUnlock(db.fake({ answer }), { file })
      expect(result).toMatchObject({ exitCode: 9 })
      expect(results(result).map(({ user, outcome }) => [Number.parseInt(user, 16), outcome])).toEqual([
        [1, 'done'],
        [2, 'held'],
        [3, 'unchanged'],
        [4, 'not-found'],
      ])
      const forced = await runUnlock(db.fake({ answer }), { ids: [id(2)], force: true })
      expect(results(forced)).toMatchObject([{ outcome: 'done' }])
      const twice = await runUnlock(db.fake({ answer }), { ids: [id(2)] })
      expect(twice).toMatchObject({ exitCode: 0, data: { results: [{ outcome: 'unchanged' }] } })
    })

    it('changes nothing with --plan', async () => {
      await db.stranded(2)
      const to = db.fake({ planOnly: true, answer: living({}) })
      await runUnlock(to, { where: ['stranded'] })
      expect(to.printed[0]).toMatch(/^unlock 2 users/)
      expect(to.asked).toEqual([])
      expect(await db.row(1)).toMatchObject({ synchronization_worker: 101 })
      expect(to.touched).toEqual([])
      await expect(readdir(join(db.state(), 'users'))).rejects.toThrow('ENOENT')
      const nobody = db.fake({ planOnly: true, answer: living({}) })
      await runUnlock(nobody, { ids: [id(9)] })
      expect(nobody.printed).toEqual([`${id(9)}  not-found  no user has this id`, '1 not-found'])
    })

    it('asks who, when nobody was named', async () => {
      await expect(runUnlock(db.fake(), {})).rejects.toThrow('which users?')
    })

    it('takes --limit users, in the order of their ids', async () => {
      await db.stranded(5)
      const to = db.fake({ answer: living({}) })
      const result = await runUnlock(to, { where: ['stranded'], limit: '2' })
      expect(results(result).map(({ user }) => user)).toEqual([id(1), id(2)])
      expect(to.noted[0]).toContain('unlock 2 users of 5 that match')
    })
  })

  describe('resync', () => {
    it('schedules now, in full when asked, and leaves the locked alone', async () => {
      await db.add(1, { queued_at: new Date(), queued_generation: 'abc', blocking_sync_error_count: 1 })
      await db.add(2, { ...lockedBy('sync2', 5), blocking_sync_error_count: 1 })
      await db.add(3)
      const to = db.fake({ answer: living({ sync2: [5] }) })
      const result = await runResync(to, { where: ['errors'], exhaustive: true })
      expect(results(result)).toMatchObject([{ user: id(1), outcome: 'done' }])
      expect(to.noted).toContain('left alone: 1 user that a worker holds')
      expect(await db.row(1)).toMatchObject({
        next_synchronization: expect.any(Date),
        next_sync_is_exhaustive: true,
        queued_at: null,
        queued_generation: 'manual',
      })
      expect(await db.row(2)).toMatchObject({ synchronization_worker: 5, next_synchronization: null })
      expect(await db.row(3)).toMatchObject({ next_synchronization: null })
    })

    it('skips a user that was locked or synchronised meanwhile, not one that was merely queued', async () => {
      for (let number = 1; number <= 3; number += 1)
        await db.add(number, { next_synchronization: '2026-11-22T12:00Z' })
      const result = await runResync(
        db.fake({
          async onConfirm() {
            await db.sql(
              `update users set synchronization_worker = 9, synchronization_host = 'sync1',
              next_synchronization = null where id = $1`,
              [id(1)],
            )
            await db.sql(`update users set next_synchronization = now() where id = $1`, [id(2)])
            await db.sql(`update users set next_synchronization = null, queued_at = now() where id = $1`, [
              id(3),
            ])
          },
        }),
        { ids: [id(1), id(2), id(3)] },
      )
      expect(results(result)).toMatchObject([
        { outcome: 'changed', detail: 'changed since the plan: now locked by sync1 (process 9)' },
        { outcome: 'changed', detail: 'changed since the plan: now already scheduled anew' },
        { outcome: 'done' },
      ])
    })
  })
})
