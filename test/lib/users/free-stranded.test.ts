import { describe, expect, it } from 'vitest'
import { freeStranded } from '../../../lib/users/free-stranded.ts'
import { living, lockedBy, useDatabase, withoutPostgres } from './database.ts'

describe.skipIf(withoutPostgres())('users of killed workers', () => {
  const db = useDatabase()
  const answer = living({ sync1: [102], sync2: [] })

  it('are freed on the hosts of the roll-out, and only those whose worker is surely dead', async () => {
    await db.add(1, lockedBy('sync1', 101))
    await db.add(2, lockedBy('sync1.example.net', 101))
    await db.add(3, lockedBy('sync1', 102))
    await db.add(4, lockedBy('sync2', 101))
    const to = db.fake({ answer })
    const [sync1] = to.ctx.hosts
    await freeStranded(to.ctx, sync1 === undefined ? [] : [sync1], 'sync was restarted')
    const workers = await Promise.all(
      [1, 2, 3, 4].map(async number => (await db.row(number))?.synchronization_worker),
    )
    expect(workers).toEqual([null, null, 102, 101])
    expect(to.asked).toEqual([])
    expect(to.printed).toHaveLength(3)
    const receipt = await db.receipt()
    expect(receipt).toContain('"reason":"sync was restarted"')
    expect(receipt).toContain('"selection":"stranded on sync1"')
  })

  it('have receipts called after the run, however often it frees them', async () => {
    const to = db.fake({ answer })
    for (const number of [1, 2]) {
      await db.add(number, lockedBy('sync1', 101))
      await freeStranded(to.ctx, to.ctx.hosts, 'restarted')
    }
    expect(await db.receipts()).toEqual(['run-2.ndjson', 'run.ndjson'])
  })

  it('stay locked where the host does not answer, and with --plan', async () => {
    await db.add(1, lockedBy('sync1', 101))
    for (const to of [db.fake(), db.fake({ answer, planOnly: true })]) {
      await freeStranded(to.ctx, to.ctx.hosts, 'restarted')
      expect(to.printed).toEqual([])
    }
    expect((await db.row(1))?.synchronization_worker).toBe(101)
  })

  it('are left with a warning and a command when the database is away', async () => {
    const to = db.fake({ answer, password: 'wrong' })
    await freeStranded(to.ctx, to.ctx.hosts, 'restarted')
    expect(to.warned).toEqual([
      expect.stringMatching(/not freed: .*; later: fleet users unlock --where stranded$/s),
    ])
  })
})
