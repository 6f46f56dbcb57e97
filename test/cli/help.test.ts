import { expect, test } from 'vitest'
import { cli } from '../support/cli.ts'
import { echo, entriesOf } from '../support/tasks.ts'
import { folder } from '../support/folder.ts'

const tasks = entriesOf(echo)

test('the help of a task tells of its parameters', async () => {
  const { stdout, exitCode } = await cli(['workers', 'set', '--help'], { tasks })
  expect(exitCode).toBe(0)
  expect(stdout.slice(0, stdout.indexOf('Global Options'))).toMatchInlineSnapshot(`
    "Usage: fleet workers set [options] <host> [others...]

    Set how many workers run.

    Options:
      --count <n>           workers a host (required)
      --mode <gently|now>   how (default: gently)
      --dry-run             only look
      --tag <tag>           labels (repeatable)
      --service <service>   a service
      -h, --help            show this help

    "
  `)
  expect(stdout).toContain('Examples:\n  fleet workers set --count 3 web1\n')
})

test.each([['--help'], ['help'], []])('fleet %s lists the tasks', async (...argv) => {
  const { stdout, stderr, exitCode } = await cli(argv, { tasks })
  expect(stdout).toMatch(/workers set \s+Set how many workers run/)
  expect(stderr).toBe('')
  expect(exitCode).toBe(0)
})

test('help <task> is <task> --help', async () => {
  const [one, other] = await Promise.all([
    cli(['help', 'workers', 'set'], { tasks }),
    cli(['workers', 'set', '-h'], { tasks }),
  ])
  expect(one).toEqual(other)
})

test('the help of a group lists its commands', async () => {
  const { stdout } = await cli(['workers', '--help'], { tasks })
  expect(stdout).toMatch(/workers set \s+Set how many/)
})

test("a user's own tasks are listed without being run", async () => {
  const cwd = folder({
    'tasks/hello.ts': `throw new Error('run')\nexport default defineTask({ name: 'say hello', summary: 'It\\'s a greeting' })`,
    'tasks/other.ts': 'export const nothing = 1',
  })
  const { stdout } = await cli(['--help'], { tasks, cwd })
  expect(stdout).toMatch(/say hello \s+It's a greeting/)
})

test('--version', async () => {
  const { stdout } = await cli(['--version'])
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
