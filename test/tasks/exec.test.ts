import { expect, test } from 'vitest'
import type { RunTask } from '../../bin/cli.ts'
import { AbortedError, ConnectError } from '../../lib/errors.ts'
import { runTask } from '../../lib/task/run.ts'
import { recordingConnect, recordingTransport, type Expectation } from '../../lib/transport/recording.ts'
import { cli } from '../support/cli.ts'
import { folder } from '../support/folder.ts'
import { fleet, shopFolder } from '../support/shop.ts'

const cwd = shopFolder()
const HOSTS = ['lb1', 'web1', 'sync1', 'db1'] as const

/** What each host notes of the run. */
const note = { command: 'perl', stdout: 'noted' }

/** Runs `fleet exec` against hosts that answer as told; a host that is not told of answers nothing with code 0. */
async function exec(
  argv: readonly string[],
  answers: Readonly<Record<string, Expectation | Error>> = {},
  signal?: AbortSignal,
) {
  const hosts = Object.fromEntries(
    HOSTS.map(host => {
      const answer = answers[host] ?? { command: /./ }
      return [
        host,
        answer instanceof Error
          ? answer
          : recordingTransport({ host, unordered: true, expect: [note, answer] }),
      ]
    }),
  )
  const run: RunTask = (task, params, environment) =>
    runTask(task, params, environment, recordingConnect(hosts))
  const result = await cli(['exec', ...argv], {
    cwd,
    runTask: run,
    ...(signal === undefined ? {} : { signal }),
  })
  const sent = Object.values(hosts).flatMap(host => (host instanceof Error ? [] : host.executed))
  return { ...result, sent: sent.filter(({ command }) => command !== note.command) }
}

test('options of the command are not ours, and its words are kept whole', async () => {
  const { sent, exitCode } = await exec(['--root', '--on', 'web', '--', 'ls', '--json', '-p', 'a b'])
  expect(sent).toEqual([{ command: "ls --json -p 'a b'", stdin: Buffer.alloc(0), root: true }])
  expect(exitCode).toBe(0)
})

test('what hosts say alike is said once', async () => {
  const up = { command: 'uptime -p', stdout: 'up 3 days\n' }
  const { stdout, exitCode } = await exec(['--', 'uptime -p'], {
    lb1: up,
    web1: up,
    sync1: { ...up, stdout: 'up 1 minute\n' },
    db1: up,
  })
  expect(stdout).toBe('== lb1, web1, db1 (3 hosts)\nup 3 days\n== sync1\nup 1 minute\n')
  expect(exitCode).toBe(0)
})

test.each<[string, Readonly<Record<string, Expectation | Error>>, number]>([
  ['a command fails', { web1: { command: /./, code: 3 } }, 4],
  ['a host is not reached', { web1: new ConnectError('timed out', { host: 'web1' }) }, 5],
  ['both', { web1: { command: /./, code: 3 }, db1: new ConnectError('timed out', { host: 'db1' }) }, 4],
])('the exit code where %s', async (_, answers, code) => {
  expect((await exec(['--', 'true'], answers)).exitCode).toBe(code)
})

test('lines come as they are said, under their host', async () => {
  const { stdout, stderr } = await exec(['--no-fold', '--on', 'web', '--', 'x'], {
    web1: { command: 'x', stdout: 'one\ntwo', stderr: '\u001b[31mbad\n' },
  })
  expect(stdout).toBe('web1: one\nweb1: two\n')
  expect(stderr).toContain('web1: bad\n')
})

test('--json tells of every host', async () => {
  const { stdout } = await exec(['--json', '--on', 'web,db1', '--', 'x'], {
    web1: { command: 'x', stdout: 'o', stderr: 'e', code: 3 },
    db1: new ConnectError('timed out', { host: 'db1' }),
  })
  const result = stdout.split('\n').find(line => line.includes('"result"')) ?? ''
  expect(JSON.parse(result).data).toEqual({
    web1: { exitCode: 3, stdout: 'o', stderr: 'e' },
    db1: { error: 'db1: timed out' },
  })
})

test('a file is sent to each', async () => {
  const file = `${folder({ 'check.sh': 'echo ok\n' })}/check.sh`
  const { sent } = await exec(['--stdin', file, '--on', 'web,db1', '--', 'sh', '-s'])
  expect(sent.map(({ stdin }) => stdin.toString())).toEqual(['echo ok\n', 'echo ok\n'])
})

test('a run that is stopped shows what has come', async () => {
  const controller = new AbortController()
  const { stdout, exitCode } = await exec(
    ['--on', 'web,db1', '--', 'x'],
    {
      web1: { command: 'x', stdout: 'done\n' },
      db1: {
        command: 'x',
        reply: async () => {
          await new Promise(resolve => setImmediate(resolve))
          controller.abort(new AbortedError('stopped by SIGINT'))
          return { error: new AbortedError('stopped', { host: 'db1' }) }
        },
      },
    },
    controller.signal,
  )
  expect(stdout).toBe('== web1\ndone\n')
  expect(exitCode).toBe(8)
})

test.each([
  [['exec'], 'missing argument <command>'],
  [['exec', '--', ' '], 'there is no command to run'],
  [['exec', '--stdin', '/nowhere', '--', 'cat'], '--stdin: cannot read /nowhere: no such file or folder'],
  [['ssh', 'web1'], 'there is no terminal'],
  [['ssh', 'web9'], 'web9'],
  [['put', '/nowhere', '/x'], 'cannot read /nowhere'],
  [['put', '.', 'relative'], 'is no absolute path'],
  [['put', '.', '/srv/../etc'], 'is no absolute path'],
  [['put', '.', '/srv/x', '--mode', '9'], 'is no mode'],
  [['put', '.', '/srv/x', '--owner', '-x'], 'is no user'],
  [['get', '/', '.'], 'more than can be copied'],
  [['get', '/etc/motd', '/etc/passwd'], '/etc/passwd is a file'],
])('%j touches nothing', async (argv, message) => {
  const { stderr, exitCode, reached } = await fleet(argv, { cwd })
  expect(stderr).toContain(message)
  expect(reached).toEqual([])
  expect(exitCode).toBe(2)
})

test('--plan runs nothing', async () => {
  const { stderr, reached, exitCode } = await fleet(['exec', '--plan', '--', 'reboot'], { cwd })
  expect(stderr).toContain('would run on lb1, web1, sync1, db1: reboot')
  expect(reached).toEqual([])
  expect(exitCode).toBe(0)
})
