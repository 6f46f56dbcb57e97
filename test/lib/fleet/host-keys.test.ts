import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import lab from '../../../inventory/lab.ts'
import { localAccess } from '../../../lib/fleet/local-access.ts'
import { recordedHostKeys, recordHostKeys } from '../../../lib/fleet/record-host-keys.ts'
import type { Fleet } from '../../../lib/fleet/model.ts'
import { defineTask } from '../../../lib/task/define.ts'
import type { Environment } from '../../../lib/task/environment.ts'
import { runTask } from '../../../lib/task/run.ts'
import { recordingConnect, recordingTransport } from '../../../lib/transport/recording.ts'
import { testEnvironment } from '../../support/environment.ts'
import { folder } from '../../support/folder.ts'
import { makeKey } from '../../support/ssh-server.ts'

const shop: Fleet = {
  name: 'shop',
  provider: 'static',
  access: { user: 'ops', identityFile: '~/.ssh/shop' },
  roles: { web: {} },
  hosts: {
    web1: { role: 'web', address: '203.0.113.1' },
    web2: { role: 'web', address: '203.0.113.2', port: 2222 },
  },
  services: {},
  secrets: [],
}

const environment = (home: string, more: Partial<Environment> = {}) =>
  testEnvironment(shop, { home, env: { SSH_AUTH_SOCK: '/run/agent' }, ...more })

const record = defineTask({
  name: 'record',
  summary: 'Record',
  params: z.strictObject({}),
  hosts: 'all',
  run: async ctx => ({ data: await recordHostKeys(ctx) }),
})

/** Records what hosts show now. */
async function recorded(home: string, on: readonly string[], keys: Readonly<Record<string, string>>) {
  const hosts = Object.entries(keys).map(([host, stdout]) => [
    host,
    recordingTransport({ host, expect: [{ command: 'cat /etc/ssh/ssh_host_ed25519_key.pub', stdout }] }),
  ])
  await runTask(record, {}, environment(home, { on }), recordingConnect(Object.fromEntries(hosts)))
  const path = recordedHostKeys(home, 'shop')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  return readFileSync(path, 'utf8')
}

test('keys are recorded as OpenSSH reads them, and a run on one host keeps the others', async () => {
  const home = folder()
  const [one, two, rebuilt] = [makeKey().public, makeKey().public, makeKey().public]
  expect(await recorded(home, [], { web1: `${one} root@web1\n`, web2: two })).toBe(
    `203.0.113.1 ${one}\n[203.0.113.2]:2222 ${two}\n`,
  )
  expect(await recorded(home, ['web1'], { web1: rebuilt })).toBe(
    `203.0.113.1 ${rebuilt}\n[203.0.113.2]:2222 ${two}\n`,
  )
  const access = await localAccess(shop, environment(home))
  expect(access.knownKeys('203.0.113.2', 2222).keys).toEqual([two])
  expect(access.knownKeys('203.0.113.2', 22).keys).toEqual([])
})

test("the operator's known_hosts counts as well", async () => {
  const home = folder()
  const key = makeKey().public
  mkdirSync(join(home, '.ssh'))
  writeFileSync(join(home, '.ssh/known_hosts'), `203.0.113.1 ${key}\n`)
  expect((await localAccess(shop, environment(home))).knownKeys('203.0.113.1', 22).keys).toEqual([key])
})

test('keys and agent are those of the operator, in a lab only the key made for it', async () => {
  const home = folder()
  expect(await localAccess(shop, environment(home))).toMatchObject({
    identityFile: join(home, '.ssh/shop'),
    agent: '/run/agent',
  })
  const own = await localAccess(lab, environment(home, { env: { SSH_AUTH_SOCK: '/a', FLEET_LAB: 'two' } }))
  expect(own).toMatchObject({ identityFile: join(home, 'labs/two/id_ed25519') })
  expect(own).not.toHaveProperty('agent')
})
