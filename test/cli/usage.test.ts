import { describe, expect, test } from 'vitest'
import { cli } from '../support/cli.ts'
import { echo, entriesOf } from '../support/tasks.ts'

const tasks = entriesOf(echo)
const fleet = (...argv: string[]) => cli(argv, { tasks })
const data = async (...argv: string[]) => {
  const { stdout, stderr } = await fleet('--json', ...argv)
  const line = stdout.split('\n').find(each => each.includes('"result"'))
  return line === undefined ? stderr : (JSON.parse(line) as { data: unknown }).data
}
const defaults = { mode: 'gently', dryRun: false, tag: [], host: 'web1', others: [] }

describe('parameters', () => {
  test.each<[string, Record<string, unknown>]>([
    ['--count 3 web1', { count: 3 }],
    ['web1 --count=3', { count: 3 }],
    ['--count 3 --dry-run web1', { count: 3, dryRun: true }],
    ['--count 3 --mode now web1', { count: 3, mode: 'now' }],
    ['--count 3 --tag a --tag b web1', { count: 3, tag: ['a', 'b'] }],
    ['--count 3 web1 web2 web3', { count: 3, others: ['web2', 'web3'] }],
    ['--count 3 -- web1 --odd', { count: 3, others: ['--odd'] }],
  ])('%s', async (line, expected) => {
    expect(await data('workers', 'set', ...line.split(' '))).toEqual({ ...defaults, ...expected })
  })

  test('global options stand before and after the command', async () => {
    expect(await data('--on', 'web', '--yes', 'workers', 'set', '-vv', '--count', '1', 'web1')).toMatchObject(
      { count: 1 },
    )
  })
})

describe('mistakes are one line, a hint and exit code 2', () => {
  test.each([
    ['wrokers', 'unknown command "wrokers", did you mean "workers"?', 'fleet --help lists them'],
    ['workers st', 'unknown command "workers st", did you mean "workers set"?', 'fleet --help lists them'],
    ['workers', '"workers" wants one more word: set', 'fleet workers --help'],
    [
      'workers set --cuont 3 web1',
      'unknown option --cuont, did you mean --count?',
      'fleet workers set --help',
    ],
    ['workers set --count 65 web1', '--count: must be at most 64', 'fleet workers set --help'],
    ['workers set --count many web1', '--count: must be a number, not "many"', 'fleet workers set --help'],
    ['workers set --count 1.5 web1', '--count: must be a whole number', 'fleet workers set --help'],
    ['workers set --count -1 web1', '--count: must be at least 0', 'fleet workers set --help'],
    ['workers set web1', '--count is required', 'fleet workers set --help'],
    ['workers set --count 3', 'missing argument <host>', 'fleet workers set --help'],
    ['workers set web1 --count', 'option --count wants a value', 'fleet workers set --help'],
    [
      'workers set --count 3 --mode nwo web1',
      '--mode: must be one of gently, now, not "nwo", did you mean "now"?',
      'fleet workers set --help',
    ],
    [
      '--timeout soon workers set',
      '--timeout: must be a duration, not "soon"',
      'like 500ms, 30s, 5m or 1h30m',
    ],
  ])('fleet %s', async (line, message, hint) => {
    const { stdout, stderr, exitCode } = await fleet(...line.split(' '))
    expect(stderr).toBe(`error: ${message}\nhint: ${hint}\n`)
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })

  test('every wrong parameter is named', async () => {
    const { stderr } = await fleet('workers', 'set', '--mode', 'x')
    expect(stderr).toContain('--count is required')
    expect(stderr).toContain('--mode: must be one of gently, now')
    expect(stderr).toContain('missing argument <host>')
  })

  test('a role that the fleet does not have', async () => {
    const { stderr, exitCode } = await cli(['hosts', '--role', 'wbe', '--fleet', 'lab'])
    expect(stderr).toBe(
      'error: --role: unknown role "wbe", did you mean "web"?\nhint: roles of lab: lb, web, sync, database\n',
    )
    expect(exitCode).toBe(2)
  })
})
