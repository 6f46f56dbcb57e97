import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CommandError } from '../../../lib/errors.ts'
import { readCursor } from '../../../lib/logs/cursor.ts'
import { previewHost } from '../../../lib/logs/fetch-host.ts'
import { bytesPath, Mirror } from '../../../lib/logs/mirror.ts'
import { line, lines, LogHost, USER } from './log-host.ts'

let host = new LogHost()
beforeEach(() => {
  host.remove()
  host = new LogHost()
})
afterEach(() => host.remove())

describe('fetching a host', () => {
  it('takes two executions for what is new, one when nothing is', async () => {
    writeFileSync(host.log, lines(0, 20))
    writeFileSync(`${host.log}.1`, lines(0, 10, 'older'))
    const first = await host.fetch()
    expect(first).toMatchObject({
      executions: 2,
      newBytes: statSync(host.log).size + statSync(`${host.log}.1`).size,
    })
    expect(await host.held()).toEqual([lines(0, 10, 'older'), lines(0, 20)])
    expect(await host.fetch()).toMatchObject({ executions: 1, newBytes: 0 })
  })

  it('transfers only new bytes the second time', async () => {
    writeFileSync(host.log, lines(0, 59, 'x'.repeat(5000)))
    await host.fetch()
    appendFileSync(host.log, line(59))
    const second = await host.fetch()
    expect(second).toMatchObject({ executions: 2, newBytes: line(59).length })
    expect(second.received).toBeLessThan(line(59).length + 1000)
    expect(await host.held()).toEqual([lines(0, 59, 'x'.repeat(5000)) + line(59)])
  })

  it('keeps binary bytes and compresses a large answer', async () => {
    const bytes = Buffer.alloc(3_000_000, Buffer.from([0, 255, 10, 27, 128, 13]))
    writeFileSync(host.log, bytes)
    const fetched = await host.fetch()
    expect(fetched.received).toBeLessThan(100_000)
    expect(readFileSync(bytesPath(host.mirror, 1)).equals(bytes)).toBe(true)
  })

  it('keeps the mirror to its owner', async () => {
    writeFileSync(host.log, line(1))
    await host.fetch()
    expect(statSync(host.mirror).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(host.mirror))
      expect(statSync(join(host.mirror, name)).mode & 0o777).toBe(0o600)
  })

  it('repairs a crash between data and cursor', async () => {
    writeFileSync(host.log, lines(0, 5))
    await host.fetch()
    appendFileSync(bytesPath(host.mirror, 1), 'half a fetch')
    writeFileSync(bytesPath(host.mirror, 2), 'a file that the cursor does not know')
    appendFileSync(host.log, lines(5, 6))
    renameSync(host.log, `${host.log}.1`)
    writeFileSync(host.log, lines(7, 9))
    await host.fetch()
    expect(await host.held()).toEqual([lines(0, 6), lines(7, 9)])
    expect(readFileSync(bytesPath(host.mirror, 1), 'utf8')).toBe(lines(0, 6))
  })

  it('fetches again what the local disk has lost', async () => {
    writeFileSync(host.log, lines(0, 5))
    await host.fetch()
    truncateSync(bytesPath(host.mirror, 1), 100)
    await host.fetch()
    writeFileSync(bytesPath(host.mirror, 1), 'x'.repeat(lines(0, 5).length))
    await host.fetch()
    expect(await host.held()).toEqual([lines(0, 5)])
  })

  it('keeps whole parts and drops a torn one when the answer breaks off', async () => {
    writeFileSync(host.log, lines(0, 5))
    writeFileSync(`${host.log}.1`, lines(10, 15))
    host.before(2, script =>
      script.replace(/head -c "\$\(\(end - offset\)\)"/, 'head -c "$((suffix > 0 ? 9 : end - offset))"'),
    )
    await expect(host.fetch()).rejects.toThrow(CommandError)
    expect(await host.held()).toEqual([lines(0, 5)])
    await host.fetch()
    expect((await host.held()).toSorted()).toEqual([lines(0, 5), lines(10, 15)])
  })

  it('takes a compressed answer that breaks off for an error', async () => {
    writeFileSync(host.log, lines(0, 59, 'x'.repeat(5000)))
    host.before(2, script => script.replace('nice gzip -1', 'nice gzip -1 | head -c 300'))
    await expect(host.fetch()).rejects.toThrow(CommandError)
    expect(await host.held()).toEqual([])
    await host.fetch()
    expect(await host.held()).toEqual([lines(0, 59, 'x'.repeat(5000))])
  })

  it('ignores a greeting, follows no link and reads no pipe', async () => {
    host.transport.rewrite = script => `echo Welcome; echo done\n${script}`
    writeFileSync(host.log, line(0))
    writeFileSync(join(host.root, 'secret'), 'root:x')
    symlinkSync(join(host.root, 'secret'), `${host.log}.1`)
    mkdirSync(`${host.log}.2`)
    const fetched = await host.fetch()
    expect(fetched.inspection.skipped).toEqual([1, 2])
    expect(await host.held()).toEqual([line(0)])
  })

  it('takes a directory name for nothing else', async () => {
    const odd = join(host.root, `it's $(touch owned) "odd"`)
    mkdirSync(odd)
    writeFileSync(join(odd, `${USER}.log`), line(0))
    const preview = await previewHost({ ...host.request(), directory: odd }, await readCursor(host.mirror))
    expect(preview.newBytes).toBe(line(0).length)
    expect(readdirSync(host.root)).not.toContain('owned')
  })

  it.each([
    ['at once', ''],
    ['long behind a greeting', 'echo Welcome; sleep 0.3'],
  ])('measures the clock and the zone of a host that answers %s', async (_when, before) => {
    host.transport.rewrite = script => `${before}\n${script}`
    const { inspection } = await host.fetch()
    expect(Math.abs(inspection.skew.ahead)).toBeLessThanOrEqual(inspection.skew.error)
    expect(['named', 'fixed']).toContain(inspection.zone.kind)
  })

  it('measures the clock of a busy host, that reads it long behind its first word', async () => {
    host.transport.rewrite = script => script.replace("date '+clock", "sleep 0.3; date '+clock")
    const { inspection } = await host.fetch()
    expect(Math.abs(inspection.skew.ahead)).toBeLessThanOrEqual(inspection.skew.error)
  })

  it('lets only one process write a mirror', async () => {
    const signal = new AbortController().signal
    const mirror = await Mirror.open(host.mirror, { signal, wait: 0 })
    await expect(Mirror.open(host.mirror, { signal, wait: 0 })).rejects.toThrow('another process')
    await mirror.close()
    await (await Mirror.open(host.mirror, { signal, wait: 0 })).close()
  })
})
