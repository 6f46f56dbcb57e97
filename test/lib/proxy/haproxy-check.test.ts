import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HAPROXY_CHECK } from '../../../lib/proxy/haproxy-check.ts'

// From HAProxy 2.6.12.
const STATE = `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port
2 web 1 web1-blue 10.0.0.1 2 4 1 1 3 15 3 4 6 0 0 0 - 8001 - 0 0 - - 0
2 web 2 web1-green 10.0.0.1 2 12 1 1 3 15 3 4 6 0 0 0 - 8002 - 0 0 - - 0
2 web 3 web2-blue fd00::1 2 0 1 1 3 15 3 4 6 0 0 0 - 8001 - 0 0 - - 0
2 web 4 web2-green fd00::1 2 12 1 1 3 15 3 4 6 0 0 0 - 8002 - 0 0 - - 0
3 app 1 web1-blue 10.0.0.1 2 0 1 1 3 15 3 4 6 0 0 0 - 8000 - 0 0 - - 0
`
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'haproxy-check-'))
  await writeFile(join(folder, 'haproxy'), '#!/bin/sh\nexit "${BAD:-0}"\n')
  await writeFile(join(folder, 'socat'), '#!/bin/sh\n[ -z "$DEAD" ] || exit 1\ncat "$STATE"\n')
  await writeFile(join(folder, 'state'), STATE)
  for (const name of ['haproxy', 'socat']) await chmod(join(folder, name), 0o755)
})
afterAll(() => rm(folder, { recursive: true }))

const check = async (servers: readonly string[], env: Record<string, string> = {}, backend = 'web') => {
  const config = join(folder, 'haproxy.cfg')
  await writeFile(config, `backend ${backend}\n${servers.map(line => `    server ${line}\n`).join('')}`)
  const { exitCode, stderr } = await execa('sh', ['-c', HAPROXY_CHECK.text, 'sh', config], {
    reject: false,
    env: { PATH: `${folder}:${process.env.PATH ?? ''}`, STATE: join(folder, 'state'), ...env },
  })
  return [exitCode, stderr]
}
const BLUE = 'web1-blue 10.0.0.1:8001'

test.each([
  ['nothing that serves has moved', [BLUE, 'web1-green 10.0.0.1:9999', 'web2-blue [fd00::1]:8001']],
  ['a host that serves is gone from the fleet', ['web2-blue [fd00::1]:8001']],
  ['a host is new', [BLUE, 'web3-blue 10.0.0.3:8001']],
])('%s: good', async (_, servers) => {
  expect(await check(servers)).toEqual([0, ''])
})

test.each([
  [
    'port',
    'web1-blue 10.0.0.1:9001',
    /^web\/web1-blue serves at 10.0.0.1:8001 and would be looked for at 10.0.0.1:9001/,
  ],
  ['address', 'web2-blue [fd00::2]:8001', /^web\/web2-blue serves at fd00::1:8001/],
])('another %s of what serves: refused', async (_, server, reason) => {
  expect(await check([server])).toEqual([1, expect.stringMatching(reason) as unknown])
})

test('a proxy that does not run yet serves nobody; what HAProxy itself refuses is refused', async () => {
  expect(await check(['web1-blue 10.0.0.1:9001'], { DEAD: '1' })).toEqual([0, ''])
  expect((await check([BLUE], { BAD: '1' }))[0]).toBe(1)
})

test('a whole host may be looked for at another port: it has no other slot to move first', async () => {
  expect(await check(['web1-blue 10.0.0.1:9000'], {}, 'app')).toEqual([0, ''])
})
