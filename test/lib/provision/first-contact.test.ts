import { expect, test } from 'vitest'
import lab from '../../../inventory/lab.ts'
import { ConnectError, HostKeyError, LoginRefusedError } from '../../../lib/errors.ts'
import type { Fleet } from '../../../lib/fleet/model.ts'
import { firstContact } from '../../../lib/provision/first-contact.ts'
import { defineTask } from '../../../lib/task/define.ts'
import { runTask } from '../../../lib/task/run.ts'
import { recordingTransport } from '../../../lib/transport/recording.ts'
import { z } from 'zod'
import { testEnvironment } from '../../support/environment.ts'

/** Who was tried, and who it came to, on a host that says this to the fleet's own user. */
async function contact(refusal: Error | undefined, firstUser: string) {
  const tried: string[] = []
  const fleet: Fleet = {
    ...lab,
    provider: 'static',
    hosts: { web1: { role: 'web', address: '203.0.113.1', firstUser } },
  }
  const task = defineTask({
    name: 'try',
    summary: 'Try',
    params: z.strictObject({}),
    hosts: 'all',
    run: async ctx => ({
      data: await Promise.all(ctx.hosts.map(async host => (await firstContact(ctx, host)).user)),
    }),
  })
  const result = await runTask(task, {}, testEnvironment(fleet), async ({ user }) => {
    tried.push(user)
    if (user === 'deploy' && refusal !== undefined) throw refusal
    return recordingTransport({ host: 'web1', user })
  }).catch((error: unknown) => ({ data: error }))
  return { tried, data: result.data }
}

const refused = new LoginRefusedError('permission denied (publickey)', { host: 'web1' })

test.each([
  ['a host that knows us', undefined, 'root', ['deploy'], ['deploy']],
  ['a bare host', refused, 'root', ['deploy', 'root'], ['root']],
  ['a bare host whose first user is ours', refused, 'deploy', ['deploy'], refused],
  [
    'a host that does not answer',
    new ConnectError('timed out', { host: 'web1' }),
    'root',
    ['deploy'],
    expect.any(ConnectError),
  ],
  [
    'a host with another key',
    new HostKeyError('another key', { host: 'web1' }),
    'root',
    ['deploy'],
    expect.any(HostKeyError),
  ],
])('%s', async (_, refusal, firstUser, tried, data) => {
  expect(await contact(refusal, firstUser)).toEqual({ tried, data })
})
