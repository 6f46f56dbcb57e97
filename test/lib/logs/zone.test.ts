import { describe, expect, it } from 'vitest'
import { wallClock } from '../../../lib/logs/wall-clock.ts'
import { describeZone, zoneOf, type HostZone } from '../../../lib/logs/zone.ts'

const chicago: HostZone = { kind: 'named', name: 'America/Chicago' }
const wall = (text: string) => Date.parse(`${text.replace(' ', 'T')}Z`)
const iso = (instant: number) => new Date(instant).toISOString().slice(0, 19)
const read = (zone: HostZone, texts: readonly string[], before?: () => number | undefined) => {
  const clock = wallClock(zone, before)
  return texts.map(text => iso(clock.instant(wall(text))))
}

describe('a wall clock', () => {
  it.each<[HostZone, string, string]>([
    [chicago, '2026-07-01 12:00:01', '2026-07-01T17:00:01'],
    [chicago, '2026-12-01 12:00:01', '2026-12-01T18:00:01'],
    [{ kind: 'named', name: 'Asia/Kolkata' }, '2026-12-01 12:00:01', '2026-12-01T06:30:01'],
    [{ kind: 'named', name: 'UTC' }, '2026-12-01 12:00:01', '2026-12-01T12:00:01'],
    [{ kind: 'fixed', minutes: -360 }, '2026-12-01 12:00:01', '2026-12-01T18:00:01'],
    [chicago, '2026-03-08 02:30:00', '2026-03-08T08:30:00'],
    [{ kind: 'named', name: 'Australia/Lord_Howe' }, '2026-01-01 00:00:00', '2025-12-31T13:00:00'],
  ])('%j %s is %s UTC', (zone, local, utc) => expect(read(zone, [local])).toEqual([utc]))

  it('reads the repeated hour in file order', () => {
    expect(
      read(chicago, [
        '2026-11-01 00:59:59',
        '2026-11-01 01:00:00',
        '2026-11-01 01:59:59',
        '2026-11-01 01:00:00',
        '2026-11-01 01:30:00',
        '2026-11-01 02:00:00',
      ]),
    ).toEqual([
      '2026-11-01T05:59:59',
      '2026-11-01T06:00:00',
      '2026-11-01T06:59:59',
      '2026-11-01T07:00:00',
      '2026-11-01T07:30:00',
      '2026-11-01T08:00:00',
    ])
  })

  it('takes seconds out of order for threads, not for the second pass', () => {
    expect(read(chicago, ['2026-11-01 01:30:05', '2026-11-01 01:30:04'])).toEqual([
      '2026-11-01T06:30:05',
      '2026-11-01T06:30:04',
    ])
  })

  it('goes on from the file before', () => {
    const before = () => Date.parse('2026-11-01T06:50:00Z')
    expect(read(chicago, ['2026-11-01 01:10:00'], before)).toEqual(['2026-11-01T07:10:00'])
  })

  it('says when it had to guess', () => {
    const clock = wallClock(chicago)
    clock.instant(wall('2026-11-01 01:10:00'))
    clock.instant(wall('2026-11-01 01:11:00'))
    expect(clock.guessed).toBe(1)
  })
})

describe("a host's zone", () => {
  const now = Date.parse('2026-11-22T12:00:00Z')
  it.each([
    ['/usr/share/zoneinfo/America/Chicago', undefined, '-0600', 'America/Chicago'],
    ['/usr/share/zoneinfo/posix/Asia/Kolkata', undefined, '+0530', 'Asia/Kolkata'],
    ['/etc/localtime', 'America/Chicago', '-0600', 'America/Chicago'],
    ['/usr/share/zoneinfo/America/Chicago', 'Etc/UTC', '+0000', 'Etc/UTC'],
    ['/etc/localtime', 'Europe/Berlin', '-0600', 'UTC-06:00'],
    ['/usr/share/zoneinfo/No/Where', undefined, '+0530', 'UTC+05:30'],
    ['/usr/share/zoneinfo/UTC', undefined, '+0000', 'UTC'],
    [undefined, '$(reboot)', '', 'UTC+00:00'],
  ])('%s, %s, %s is %s', (link, file, offset, name) => {
    expect(describeZone(zoneOf({ link, file, offset }, now))).toBe(name)
  })
})
