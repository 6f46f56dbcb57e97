import { expect, test } from 'vitest'
import { z } from 'zod'
import { ConnectError } from '../../../lib/errors.ts'
import { validateFleet } from '../../../lib/fleet/validate.ts'
import { liveSlots } from '../../../lib/proxy/live-slots.ts'
import { defineTask } from '../../../lib/task/define.ts'
import { runTask } from '../../../lib/task/run.ts'
import { recordingConnect, recordingTransport } from '../../../lib/transport/recording.ts'
import { testEnvironment } from '../../support/environment.ts'

const hosts = ['edge1', 'edge2', 'sd1a', 'sd1b']
const dock = validateFleet(
  {
    name: 'dock',
    provider: 'static',
    access: { user: 'root' },
    roles: { edge: {}, web: {} },
    hosts: Object.fromEntries(
      hosts.map((name, index) => [
        name,
        { role: name.startsWith('edge') ? 'edge' : 'web', address: `203.0.113.${index + 1}` },
      ]),
    ),
    services: {
      dock: {
        kind: 'processes',
        role: 'web',
        proxy: { role: 'edge', names: ['dock.test'], port: 8000, health: '/up' },
        pair: { blue: 'sd1a', green: 'sd1b' },
      },
    },
    secrets: [],
  },
  'dock.ts',
)

/** What HAProxy says while one slot takes requests. */
const serving = (slot: 'blue' | 'green') => `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state
3 dock 1 sd1a-blue 203.0.113.3 2 ${slot === 'blue' ? 0 : 8}
3 dock 2 sd1b-green 203.0.113.4 2 ${slot === 'green' ? 0 : 8}

# pxname,svname,scur,stot,econ,eresp,status,check_status,check_code,hrsp_5xx,
dock,sd1a-blue,0,0,0,0,UP,L7OK,200,0,
dock,sd1b-green,0,0,0,0,UP,L7OK,200,0,
`

/** The live slot of the pair, with what each proxy says; one that says nothing is dead. */
async function live(said: Readonly<Record<string, string>>): Promise<string | undefined> {
  let found: string | undefined
  const task = defineTask({
    name: 'try',
    summary: 'Try',
    params: z.strictObject({}),
    hosts: 'all',
    run: async ctx => {
      found = (await liveSlots(ctx)).get('dock')?.slot
      return {}
    },
  })
  const transports = Object.fromEntries(
    hosts.map(host => {
      const stdout = said[host]
      return [
        host,
        stdout === undefined
          ? new ConnectError('timed out', { host })
          : recordingTransport({ host, expect: [{ command: /show servers state/, stdout, times: 'any' }] }),
      ]
    }),
  )
  await runTask(task, {}, testEnvironment(dock), recordingConnect(transports))
  return found
}

test.each([
  ['both agree', { edge1: serving('green'), edge2: serving('green') }, 'green'],
  ['one of them is dead', { edge2: serving('green') }, 'green'],
  ['a flip was cut off', { edge1: serving('blue'), edge2: serving('green') }, 'mixed'],
  ['none answers', {}, undefined],
])('what two proxies serve: %s', async (_, said, slot) => {
  expect(await live(said)).toBe(slot)
})
