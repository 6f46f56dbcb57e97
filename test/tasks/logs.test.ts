import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  appendFileSync,
  existsSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AbortedError, HostsFailedError, PartialResultError, UsageError } from '../../lib/errors.ts'
import logs from '../../tasks/logs.ts'
import { LogContext } from '../lib/logs/task-context.ts'

const USER = '53c1f0d5b0d9f5a8e4000001'
let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fleet-logs-task-'))
  for (const name of ['sync1', 'sync2', 'sync3']) mkdirSync(join(root, name))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const file = (host: string, suffix = '') => join(root, host, `${USER}.log${suffix}`)
const line = (time: string, message: string) => `[INFO    ] 2026-11-22 ${time} (w:1) ${message}\n`
const context = () => new LogContext(root, ['sync1', 'sync2', 'sync3'])
const run = (ctx: LogContext, options: Record<string, unknown> = {}) =>
  logs.run(ctx, logs.params.parse({ user: USER, ...options }))
const words = (ctx: LogContext) => ctx.printed.map(text => text.split(' ').at(-1))

/** Lets a host answer as one in another zone would. */
function zone(ctx: LogContext, host: string, name: string, offset: string) {
  const transport = ctx.transports.get(host)
  const before = transport?.rewrite
  if (transport !== undefined)
    transport.rewrite = script =>
      (before?.(script) ?? script)
        .replace('$(readlink -f /etc/localtime)', `/usr/share/zoneinfo/${name}`)
        .replace("date '+offset %z'", `echo 'offset ${offset}'`)
}

function spread() {
  writeFileSync(file('sync1'), line('06:00:03', 'three'))
  writeFileSync(
    file('sync1', '.1'),
    line('06:00:00', 'one') + 'Traceback\n  deep\n\nUser reschedule for None returned {}\n',
  )
  writeFileSync(file('sync2'), line('12:00:02', 'two'))
  writeFileSync(file('sync3'), line('17:30:04', 'four'))
}

function zoned() {
  const ctx = context()
  zone(ctx, 'sync1', 'America/Chicago', '-0600')
  zone(ctx, 'sync2', 'UTC', '+0000')
  zone(ctx, 'sync3', 'Asia/Kolkata', '+0530')
  return ctx
}

describe('fleet logs', () => {
  it('merges hosts of three zones and says who answered', async () => {
    spread()
    const ctx = zoned()
    const result = await run(ctx)
    expect(ctx.printed).toEqual([
      '2026-11-22T12:00:00Z sync1 INFO  w:1 one',
      '    Traceback',
      '      deep',
      '-                    sync1 -     User reschedule for None returned {}',
      '2026-11-22T12:00:02Z sync2 INFO  w:1 two',
      '2026-11-22T12:00:03Z sync1 INFO  w:1 three',
      '2026-11-22T12:00:04Z sync3 INFO  w:1 four',
    ])
    expect(ctx.notes[0]).toMatch(/^3 of 3 servers answered: \d+ B of log, \d+ B new, .* transferred$/)
    expect(ctx.notes[1]).toMatch(/^sync1: 2 files, \d+ B in the mirror, new \d+ B$/)
    expect(JSON.parse(JSON.stringify(result?.data))).toMatchObject({
      user: USER,
      servers: [{ host: 'sync1', answered: true, files: 2 }, {}, {}],
      records: [
        {
          time: '2026-11-22T12:00:00.000Z',
          host: 'sync1',
          message: 'one',
          continuation: ['Traceback', '  deep'],
        },
        { kind: 'trailer', time: null },
        {},
        {},
        {},
      ],
    })
  })

  it('brings only what is new the second time, and all of it to the screen', async () => {
    spread()
    await run(zoned())
    appendFileSync(file('sync2'), line('12:00:09', 'five'))
    const ctx = zoned()
    await run(ctx)
    expect(words(ctx).slice(-3)).toEqual(['three', 'four', 'five'])
    expect(ctx.notes[0]).toContain(`${line('12:00:09', 'five').length} B new`)
    expect([...ctx.transports.values()].map(({ cost }) => cost.executions)).toEqual([1, 2, 1])
  })

  it('shows what there is when a server is down, as of when, and ends with 9', async () => {
    spread()
    await run(zoned())
    const ctx = zoned()
    ctx.fates.set('sync3', 'down')
    await expect(run(ctx)).rejects.toThrow(PartialResultError)
    expect(words(ctx)).toContain('four')
    const again = zoned()
    again.fates.set('sync3', 'mute')
    const started = Date.now()
    await expect(run(again, { silence: 4 })).rejects.toThrow(
      /^2 of 3 servers answered\n {2}sync3: no answer for 4 s \(shown as of 2\d{3}-.*Z\)$/,
    )
    expect(Date.now() - started).toBeLessThan(10_000)
    expect(again.events).toMatchObject([{ type: 'result' }])
  })

  it('fails as a whole when nobody answers and nothing is known', async () => {
    const ctx = context()
    for (const { name } of ctx.hosts) ctx.fates.set(name, 'down')
    await expect(run(ctx)).rejects.toThrow(HostsFailedError)
    await expect(run(ctx)).rejects.toMatchObject({ exitCode: 5 })
  })

  it('says when all answered and there is no log', async () => {
    const ctx = context()
    await run(ctx)
    expect(ctx.printed).toEqual([])
    expect(ctx.notes[0]).toBe(`3 of 3 servers answered: no log of ${USER} on any of them`)
  })

  it('refuses another user id before it connects', async () => {
    const ctx = context()
    await expect(run(ctx, { user: '../../etc/passwd' })).rejects.toThrow(UsageError)
    expect(
      () => typeof logs.hosts === 'function' && logs.hosts(ctx.fleet, logs.params.parse({ user: 'x' })),
    ).toThrow(UsageError)
    expect([...ctx.transports.values()].every(({ cost }) => cost.executions === 0)).toBe(true)
  })

  it('only says what it would fetch with --plan', async () => {
    spread()
    const ctx = zoned()
    ctx.planOnly = true
    await run(ctx, { out: 'out.log' })
    expect(ctx.printed).toEqual([])
    expect(ctx.notes[0]).toContain('new to fetch')
    expect(existsSync(join(root, 'state')) || existsSync(join(root, 'out.log'))).toBe(false)
  })

  it('writes a file for its owner only', async () => {
    spread()
    const ctx = zoned()
    await run(ctx, { out: 'out.log', tail: 2 })
    expect(ctx.printed).toEqual([])
    expect(readFileSync(join(root, 'out.log'), 'utf8').split('\n')).toHaveLength(3)
    expect(statSync(join(root, 'out.log')).mode & 0o777).toBe(0o600)
    await expect(run(zoned(), { out: 'no/such/folder' })).rejects.toThrow(UsageError)
    mkdirSync(join(root, 'taken'))
    await expect(run(zoned(), { out: 'taken' })).rejects.toThrow(/cannot write \S+taken: it is a folder$/)
    expect(readdirSync(root).filter(name => name.startsWith('taken'))).toEqual(['taken'])
  })

  it('takes a clock that is wrong from the times when told', async () => {
    spread()
    const ahead = () => {
      const ctx = zoned()
      const transport = ctx.transports.get('sync2')
      const before = transport?.rewrite
      if (transport !== undefined)
        transport.rewrite = script =>
          (before?.(script) ?? script).replace("date '+clock %s.%N'", `date -d '+1 hour' '+clock %s.%N'`)
      return ctx
    }
    const plain = ahead()
    await run(plain)
    expect(words(plain)).toContain('two')
    expect(plain.notes.join('\n')).toMatch(/sync2: clock is 3(600|599)\.\d\d s ahead/)
    const corrected = ahead()
    await run(corrected, { correctClocks: true })
    expect(words(corrected)[0]).toBe('two')
  })

  it('names servers that were not asked and shows those that are gone', async () => {
    spread()
    await run(zoned())
    const one = zoned()
    one.hosts = one.hosts.slice(0, 1)
    await run(one)
    expect(one.notes).toContain('not asked: sync2, sync3')
    expect(words(one)).not.toContain('two')
    const fewer = new LogContext(root, ['sync1', 'sync2'])
    await run(fewer)
    expect(fewer.notes).toContain('sync3 is no longer in the fleet: shown from the mirror')
    expect(words(fewer)).toContain('four')
  })

  it('tells of lines that were lost', async () => {
    spread()
    await run(zoned())
    rmSync(file('sync2'))
    writeFileSync(file('sync2'), line('13:00:00', 'six'))
    const ctx = zoned()
    await run(ctx)
    expect(ctx.notes.filter(note => note.startsWith('sync2: gap:'))).toHaveLength(1)
    expect(words(ctx)).toEqual(expect.arrayContaining(['two', 'six']))
  })

  it('stops on Ctrl-C', async () => {
    spread()
    const ctx = zoned()
    ctx.fates.set('sync1', 'mute')
    setTimeout(() => ctx.stop.abort(), 50)
    await expect(run(ctx)).rejects.toThrow(AbortedError)
  })
})
