import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../lib/errors.ts'
import { likePattern, selectStatement } from '../../../lib/users/sql.ts'
import { parseCondition, parseWhere } from '../../../lib/users/where.ts'

const ID = '5f0c6d2e9b1e8a3f4c7d0a11'

describe('--where', () => {
  it.each([
    ['stranded', { kind: 'stranded' }],
    ['locked', { kind: 'locked' }],
    ['queued', { kind: 'queued' }],
    ['suppressed', { kind: 'suppressed' }],
    ['errors', { kind: 'errors', atLeast: 1 }],
    ['errors=5', { kind: 'errors', atLeast: 5 }],
    [`id=${ID.toUpperCase()}`, { kind: 'ids', ids: [ID] }],
    ['email=*@example.com', { kind: 'email', glob: '*@example.com' }],
    ['email = a=b@example.com', { kind: 'email', glob: 'a=b@example.com' }],
    ['host=sync3', { kind: 'host', glob: 'sync3' }],
    ['only-host=sync?', { kind: 'only-host', glob: 'sync?' }],
    ['worker=4711', { kind: 'worker', process: 4711 }],
    ['older=10m', { kind: 'older', seconds: 600 }],
    ['older=90', { kind: 'older', seconds: 90 }],
    ['unsynced=2d', { kind: 'unsynced', seconds: 172_800 }],
  ])('reads %s', (text, condition) => expect(parseCondition(text)).toEqual(condition))

  it.each([
    ['strandet', 'did you mean "stranded"?'],
    ['e-mail=x', 'did you mean "email"?'],
    ['__proto__', 'no field "__proto__"'],
    ['toString=1', 'no field "toString"'],
    ['', 'no field ""'],
    ["email like '%'", 'no field'],
    ['stranded=yes', 'write it like stranded'],
    ['email', 'write it like email=*@example.com'],
    ['email=', 'write it like email=*@example.com'],
    ['email=a\0b', 'write it like email'],
    ['older=ten', 'write it like older=10m'],
    ['worker=-1', 'write it like worker=4711'],
    ['worker=99999999999', 'write it like worker=4711'],
    ['errors=many', 'write it like errors'],
    ['id=-rf', 'not a user id'],
  ])('refuses %j', (text, message) => {
    expect(() => parseCondition(text)).toThrow(UsageError)
    expect(() => parseCondition(text)).toThrow(message)
  })

  it('lists every field in the hint of an unknown one', () => {
    expect(() => parseCondition('zzzzzzzz')).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/stranded[^]*email=[^]*older=10m/) }),
    )
  })
})

describe('the SQL of a filter', () => {
  it('holds nothing that a user typed', () => {
    const evil = `x'); drop table users; --`
    const { text, values } = selectStatement(
      parseWhere([`email=${evil}`, `host=${evil}`, `only-host=${evil}`, 'older=1h', 'stranded']),
      { checked: [{ lock: { host: evil, worker: 1, startedAt: null }, alive: false }], staleSeconds: 600 },
      { limit: 10, after: ID },
    )
    expect(text).not.toContain('drop')
    expect(values.filter(value => value === evil)).toHaveLength(3)
    expect(values).toContainEqual([evil])
    expect(text.match(/\$\d+/g)?.length).toBeGreaterThanOrEqual(values.length)
  })

  it.each([
    ['*@example.com', '%@example.com'],
    ['a_b%c\\d', 'a\\_b\\%c\\\\d'],
    ['user?', 'user_'],
  ])('makes the glob %s the pattern %s', (glob, pattern) => expect(likePattern(glob)).toBe(pattern))
})
