import {
  appendFileSync,
  copyFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readCursor } from '../../../lib/logs/cursor.ts'
import { line, lines, LogHost } from './log-host.ts'

let host = new LogHost()
beforeEach(() => {
  host.remove()
  host = new LogHost()
})
afterEach(() => host.remove())

describe('files that rotate', () => {
  it('finishes a rotated file from where it was, then takes the new one from its start', async () => {
    writeFileSync(host.log, lines(0, 5))
    await host.fetch()
    appendFileSync(host.log, lines(5, 7))
    renameSync(host.log, `${host.log}.1`)
    writeFileSync(host.log, lines(10, 12))
    const second = await host.fetch()
    expect(second.newBytes).toBe(lines(5, 7).length + lines(10, 12).length)
    expect(await host.held()).toEqual([lines(0, 7), lines(10, 12)])
  })

  it('keeps what the host has rotated out', async () => {
    writeFileSync(`${host.log}.5`, lines(0, 5))
    writeFileSync(host.log, lines(10, 15))
    await host.fetch()
    rmSync(`${host.log}.5`)
    expect(await host.fetch()).toMatchObject({ newBytes: 0 })
    expect(await host.held()).toEqual([lines(0, 5), lines(10, 15)])
    const { generations } = await readCursor(host.mirror)
    expect(generations.map(({ suffix, lostAfter }) => [suffix, lostAfter])).toEqual([
      [null, undefined],
      [0, undefined],
    ])
  })

  it('follows copytruncate by content', async () => {
    writeFileSync(host.log, lines(0, 5))
    await host.fetch()
    appendFileSync(host.log, lines(5, 6))
    copyFileSync(host.log, `${host.log}.1`)
    truncateSync(host.log)
    appendFileSync(host.log, lines(20, 40))
    expect(await host.fetch()).toMatchObject({ newBytes: lines(5, 6).length + lines(20, 40).length })
    expect(await host.held()).toEqual([lines(0, 6), lines(20, 40)])
  })

  it('takes the copy of a copytruncate that is not truncated yet for no new file', async () => {
    writeFileSync(host.log, lines(0, 5))
    await host.fetch()
    copyFileSync(host.log, `${host.log}.1`)
    expect(await host.fetch()).toMatchObject({ newBytes: 0 })
    truncateSync(host.log)
    appendFileSync(host.log, lines(20, 22))
    await host.fetch()
    expect(await host.held()).toEqual([lines(0, 5), lines(20, 22)])
  })

  it('sees by the anchor that a file with the same head is another', async () => {
    const banner = lines(0, 20, 'banner')
    writeFileSync(host.log, banner + lines(30, 32))
    await host.fetch()
    writeFileSync(host.log, banner + lines(40, 50))
    const second = await host.fetch()
    expect(second.newBytes).toBe(banner.length + lines(40, 50).length)
    const { generations } = await readCursor(host.mirror)
    expect(generations).toHaveLength(2)
    expect(generations[0]?.lostAfter).toBeTypeOf('number')
  })

  it('takes a reused inode for a new file', async () => {
    writeFileSync(host.log, lines(0, 5))
    const { ino } = statSync(host.log)
    await host.fetch()
    rmSync(host.log)
    writeFileSync(host.log, lines(10, 30))
    // ext4 hands the number out again at once; elsewhere the case is the same without it.
    expect([ino, statSync(host.log).ino]).toHaveLength(2)
    await host.fetch()
    expect(await host.held()).toEqual([lines(0, 5), lines(10, 30)])
  })

  it('recognises a small file that grew beyond its first fingerprint', async () => {
    writeFileSync(host.log, line(0))
    await host.fetch()
    appendFileSync(host.log, lines(1, 40))
    expect(await host.fetch()).toMatchObject({ newBytes: lines(1, 40).length })
    expect(await host.held()).toEqual([lines(0, 40)])
  })

  it('leaves an empty file until it has bytes', async () => {
    writeFileSync(host.log, '')
    writeFileSync(`${host.log}.1`, '')
    expect(await host.fetch()).toMatchObject({ executions: 1, newBytes: 0 })
    appendFileSync(host.log, line(0))
    expect(await host.fetch()).toMatchObject({ newBytes: line(0).length })
  })

  it('knows its files again after they were gone for a while', async () => {
    writeFileSync(host.log, lines(0, 5))
    await host.fetch()
    renameSync(host.directory, join(host.root, 'away'))
    const away = await host.fetch()
    expect(away.inspection).toMatchObject({ directoryMissing: true, files: [] })
    renameSync(join(host.root, 'away'), host.directory)
    expect(await host.fetch()).toMatchObject({ newBytes: 0 })
    expect((await readCursor(host.mirror)).generations[0]?.lostAfter).toBeUndefined()
  })

  it('follows a rotation between its two executions', async () => {
    writeFileSync(host.log, lines(0, 5))
    host.before(2, () => {
      renameSync(host.log, `${host.log}.1`)
      writeFileSync(host.log, lines(10, 12))
    })
    await host.fetch()
    await host.fetch()
    expect(await host.held()).toEqual([lines(0, 5), lines(10, 12)])
  })

  it('goes round once more when a file is cut between its two executions', async () => {
    writeFileSync(host.log, lines(0, 5))
    host.before(2, () => {
      writeFileSync(host.log, line(30))
    })
    expect(await host.fetch()).toMatchObject({ executions: 4, postponed: [] })
    expect(await host.held()).toEqual([line(30)])
  })
})
