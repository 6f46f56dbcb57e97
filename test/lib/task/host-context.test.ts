import { expect, test } from 'vitest'
import type { FleetEvent } from '../../../lib/events/event.ts'
import { Secret } from '../../../lib/shell/secret.ts'
import { sh } from '../../../lib/shell/sh.ts'
import { evenStopped, hostContext } from '../../../lib/task/host-context.ts'
import { recordingTransport, type Answer } from '../../../lib/transport/recording.ts'
import { fleetHost } from '../../support/fleet-host.ts'

function host(
  answer: Answer = {},
  { user = 'deploy', planOnly = false, signal = new AbortController().signal } = {},
) {
  const events: FleetEvent[] = []
  const transport = recordingTransport({
    host: 'web1',
    user,
    expect: [{ command: /./, times: 'any', ...answer }],
  })
  const context = hostContext(fleetHost('web1', 'web', '10.0.0.1'), {
    planOnly,
    timeout: 1000,
    signal,
    emit: event => void events.push(event),
    connect: async () => transport,
  })
  return { context, transport, events }
}

test.each([
  ['deploy', false, `systemctl restart 'a b'`],
  ['deploy', true, `systemctl restart 'a b'`],
  ['root', true, `systemctl restart 'a b'`],
])('%s, as root %j', async (user, root, command) => {
  const { context, transport } = host({}, { user })
  await context.run(sh`systemctl restart ${'a b'}`, { root })
  expect(transport.executed).toMatchObject([{ command, root }])
})

test('a secret goes by stdin, and is in no event and no error', async () => {
  const { context, transport, events } = host({ code: 1, stderr: 'no' })
  const command = sh`passwd-of deploy`.input(new Secret('p', 'hunter2'))
  const error: unknown = await context.run(command).catch((thrown: unknown) => thrown)
  expect(transport.executed[0]?.stdin.toString()).toBe('hunter2')
  expect(`${String(error)}${JSON.stringify(events)}${transport.executed[0]?.command}`).not.toContain(
    'hunter2',
  )
})

test.each<[Answer, string]>([
  [{ code: 2, stderr: 'no such unit\n' }, 'web1: `false` ended with exit code 2\nno such unit'],
  [{ code: 1, stdout: 'said on stdout\n' }, 'web1: `false` ended with exit code 1\nsaid on stdout'],
  [{ code: 1, stderr: '\x1b]0;a title\x07\x1b[31mno\u202e\r\n' }, 'exit code 1\nno'],
  [{ code: 1 }, 'web1: `false` ended with exit code 1'],
  [{ code: 1, stderr: Array.from({ length: 30 }, (_, i) => `l${i}\n`).join('') }, 'exit code 1\nl20\nl21'],
])('a command that fails: %j', async (answer, message) => {
  await expect(host(answer).context.run(sh`false`)).rejects.toMatchObject({
    message: expect.stringContaining(message),
    exitCode: 4,
  })
})

test('a script that fails is not quoted whole', async () => {
  await expect(host({ code: 1, stderr: 'no' }).context.run(sh`set -eu\nfalse`)).rejects.toMatchObject({
    message: 'web1: a script of 2 lines ended with exit code 1\nno',
  })
})

test('any exit code when it is asked for', async () => {
  expect((await host({ code: 3 }).context.read(sh`false`, { anyExitCode: true })).exitCode).toBe(3)
})

test('with --plan what reads runs, what changes is shown', async () => {
  const { context, transport, events } = host({ stdout: 'x' }, { planOnly: true })
  expect(String((await context.read(sh`cat /a`)).stdout)).toBe('x')
  expect(await context.run(sh`rm /a`)).toMatchObject({ exitCode: 0 })
  expect(transport.executed.map(each => each.command)).toEqual(['cat /a'])
  expect(events).toEqual([{ type: 'note', host: 'web1', text: 'would run: rm /a' }])
})

test('a run that was told to stop runs what must not be left as it is, and nothing else', async () => {
  const { context, transport } = host({}, { signal: AbortSignal.abort() })
  await expect(context.run(sh`hold on`)).rejects.toThrow()
  await evenStopped(context).run(sh`hold off`, { root: true })
  expect(transport.executed).toMatchObject([{ command: 'hold off', root: true }])
})
