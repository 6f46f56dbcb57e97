import { expect, test } from 'vitest'
import { AbortedError, ConnectError } from '../../../lib/errors.ts'
import type { FleetEvent } from '../../../lib/events/event.ts'
import { ActReader } from '../../../lib/resource/act-reader.ts'
import { applyResources } from '../../../lib/resource/apply.ts'
import { file } from '../../../lib/resource/kinds/file.ts'
import { Secret } from '../../../lib/shell/secret.ts'
import { stdinBytes } from '../../../lib/transport/stdin.ts'
import type { ExecOptions, ExecResult, Transport } from '../../../lib/transport/transport.ts'

const secret = new Secret('token', 'xyzzy-secret\n')
const RESOURCES = [file({ path: '/etc/a', content: 'a\n' }), file({ path: '/etc/b', content: secret })]

/** What the host says: `~` stands for the nonce of the program that it got. */
function hostThat(
  answers: readonly (string | Error | { stdout: string; stderr: string; exitCode: number })[],
) {
  const commands: string[] = []
  const exec = async (command: string, { stdin, onStdout }: ExecOptions = {}): Promise<ExecResult> => {
    const answer = answers[commands.length] ?? ''
    commands.push(command)
    const nonce = /^nonce=(.*)$/m.exec((await stdinBytes(stdin)).toString())?.[1] ?? ''
    if (answer instanceof Error) throw answer
    const { stdout, stderr, exitCode } =
      typeof answer === 'string' ? { stdout: answer, stderr: '', exitCode: 0 } : answer
    const mark = (text: string) => text.replaceAll('~', `\n${nonce}`)
    const [said, lost] = mark(stdout).split('LOST')
    onStdout?.(Buffer.from(said ?? ''))
    if (lost !== undefined) throw new ConnectError('reset')
    return { exitCode, stdout: Buffer.from(said ?? ''), stderr: Buffer.from(mark(stderr)) }
  }
  const transport: Transport = {
    host: 'web1',
    user: 'deploy',
    cost: { executions: 0, bytesSent: 0, bytesReceived: 0 },
    exec,
    forward: () => Promise.reject(new Error('not here')),
    close: () => Promise.resolve(),
  }
  return { transport, commands }
}

async function apply(answers: Parameters<typeof hostThat>[0], mode: 'plan' | 'apply' = 'apply') {
  const { transport, commands } = hostThat(answers)
  const events: FleetEvent[] = []
  const options = {
    mode,
    root: true,
    runId: 'r',
    owner: 'o',
    emit: (event: FleetEvent) => events.push(event),
  }
  const outcome: unknown = await applyResources(transport, RESOURCES, options).catch(
    (error: unknown) => error,
  )
  return { outcome, events, commands }
}

const NOTHING_THERE = '~ begin\n\0~ end 0\n~ begin\n~ end 0\n'

test('a plan observes once, as root, with nothing in the command', async () => {
  const { outcome, commands, events } = await apply([NOTHING_THERE], 'plan')
  expect(commands).toEqual(['sh'])
  expect(outcome).toMatchObject({ host: 'web1', applied: [], changes: [{ resource: 'file /etc/a' }, {}] })
  expect(events.map(({ type }) => type)).toEqual(['host-planned'])
})

test('steps stream as events', async () => {
  const acting = '~ journal 001\n{}\n~ begin 0\n~ end 0 0 20\n~ begin 1\none\ntwo~ end 1 0 30\n~ done\n'
  const { outcome, events } = await apply([NOTHING_THERE, acting])
  expect(outcome).toMatchObject({ applied: ['write /etc/a', 'write /etc/b'] })
  expect(events.slice(1).map(event => ('text' in event ? event.text : event.type))).toEqual([
    'step-started',
    'step-ended',
    'step-started',
    'one',
    'two',
    'step-ended',
    'host-ended',
  ])
  expect(events.at(-2)).toMatchObject({ step: 'write /etc/b', exitCode: 0, milliseconds: 30 })
})

test('a line is told when it ends, not when the next one begins', () => {
  const lines: string[] = []
  const steps = [{ resource: 'a', step: { title: 'a', script: '' }, marks: [] }]
  const emit = (event: FleetEvent) => {
    if (event.type === 'step-output') lines.push(event.text)
  }
  const reader = new ActReader({ host: 'web1', runId: 'r', steps, nonce: 'N', emit })
  const told = ['\nN begin 0\n', 'one', '\n', 'two\nthree\n', '\nN end 0 0 0\n'].map(chunk => {
    reader.push(Buffer.from(chunk))
    return lines.length
  })
  expect(told).toEqual([0, 0, 1, 3, 3])
  expect(lines).toEqual(['one', 'two', 'three'])
})

test.each([
  [
    'a failed step',
    '~ journal 001\n~ begin 0\nl1\n\nl2~ end 0 3 10\n~ failed\n',
    /^web1: file \/etc\/a: write \/etc\/a: exit code 3\n {2}l1\n {2}l2$/,
  ],
  [
    'a step out of time',
    '~ journal 001\n~ begin 0\n~ end 0 124 600010\n~ failed\n',
    /file \/etc\/a: write \/etc\/a: ended after 600 s$/,
  ],
  [
    'a step that somebody killed',
    '~ journal 001\n~ begin 0\n~ end 0 137 20\n~ failed\n',
    /file \/etc\/a: write \/etc\/a: exit code 137$/,
  ],
  [
    'a held lock',
    '~ held\nalice\nrun-7\n2026-11-22T10:00:00Z\nfix it\n~ told\n',
    /^web1: held by alice \(run run-7, since 2026-11-22T10:00:00Z\): fix it$/,
  ],
  [
    'lost in a step',
    '~ journal 001\n~ begin 0\n~ end 0 0 10\n~ begin 1\nLOST',
    /connection lost during step 2 of 2 \(write \/etc\/b\): it goes on there/,
  ],
  [
    'lost between steps',
    '~ journal 001\n~ begin 0\n~ end 0 0 10\nLOST',
    /connection lost after 1 of 2 steps: it goes on there/,
  ],
  ['an end in the middle', '~ journal 001\n~ begin 0\n', /the run was cut off during write \/etc\/a/],
  ['a stop', '~ journal 001\n~ begin 0\n~ end 0 0 10\n~ stopped\n', /^web1: stopped after 1 of 2 steps$/],
  ['a stop before the first step', '~ stopped\n', /^web1: stopped before its first step$/],
  ['an end before the first step', '', /nothing was begun: exit code 0/],
  [
    'a secret printed',
    '~ journal 001\n~ begin 1\nbad line: xyzzy-secret\n~ end 1 1 10\n~ failed\n',
    /bad line: \[secret\]$/,
  ],
])('%s', async (_, acting, message) => {
  const { outcome, events } = await apply([NOTHING_THERE, acting])
  expect(outcome).toMatchObject({ message: expect.stringMatching(message) })
  expect(events.at(-1)).toMatchObject({ type: 'host-ended', reason: expect.stringMatching(message) })
  expect(JSON.stringify(events)).not.toContain('xyzzy')
})

test('a look that is stopped is told without our command', async () => {
  const { outcome } = await apply([new AbortedError('stopped `gzip -dc | sh`', { host: 'web1' })])
  expect(outcome).toMatchObject({ message: 'web1: stopped before its first step', exitCode: 8 })
})

test.each([
  ['another operator, who knows the run', false, 'fleet resume r'],
  ['ourselves, where no host may know the run', true, undefined],
])('a stop by %s before the first step', async (_, isOurs, hint) => {
  const controller = new AbortController()
  const { transport } = hostThat([NOTHING_THERE, '~ stopped\n'])
  const exec: Transport['exec'] = async (command, options) => {
    const result = await transport.exec(command, options)
    if (isOurs && result.stdout.includes('stopped')) controller.abort()
    return result
  }
  const options = { mode: 'apply', root: true, runId: 'r', owner: 'o', emit: () => undefined } as const
  const error: unknown = await applyResources({ ...transport, exec }, RESOURCES, {
    ...options,
    signal: controller.signal,
  }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ message: 'web1: stopped before its first step', hint })
})

test('sudo that wants a password is told as it is', async () => {
  const { outcome } = await apply([{ stdout: '', stderr: 'sudo: a password is required\n', exitCode: 1 }])
  expect(outcome).toMatchObject({
    message: 'web1: nothing ran: exit code 1\n  sudo: a password is required',
    hint: 'let deploy use sudo without a password, or log in as root',
  })
})

test('a kind that fails is named with what it said', async () => {
  const observed = {
    stdout: '~ begin\n~ end 4\n~ begin\n~ end 0\n',
    stderr: '~ begin\nfind: trouble\n~ begin\n',
    exitCode: 0,
  }
  const { outcome } = await apply([observed])
  expect(outcome).toMatchObject({
    message: 'web1: cannot see the state of file: exit code 4\n  find: trouble',
  })
})
