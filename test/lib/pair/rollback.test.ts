import { expect, test } from 'vitest'
import { rollback } from '../../../lib/swap/rollback.ts'
import { dock, fakePair } from './fake-pair.ts'

/** As HAProxy says it: sd1b serves. */
const PROXY = `# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight
3 dock 1 sd1a-blue 10.0.0.2 0 8 1
3 dock 2 sd1b-green 10.0.0.3 2 4 1

# pxname,svname,scur,stot,econ,eresp,status,check_status,check_code,hrsp_5xx,
dock,sd1a-blue,0,0,0,0,DOWN,L4CON,,0,
dock,sd1b-green,0,0,0,0,UP,L7OK,200,0,
`

const manifest = (release: string, label: string) =>
  JSON.stringify({
    service: 'dock',
    release: release.repeat(12),
    label,
    config: '01234567',
    image: `sha256:${release.repeat(64)}`,
    port: 8000,
    stopSeconds: 30,
    created: '2026-11-22T00:00:00.000Z',
  })
const encoded = (text: string) => Buffer.from(text).toString('base64')

/** What sd1b says: it runs v2, and has heard of v1. */
const HOST = `running yes
current ${'2'.repeat(12)}
manifest ${encoded(manifest('2', 'v2'))}
served ${encoded(manifest('2', 'v2'))}
edition ${encoded(manifest('2', 'v2'))}
edition ${encoded(manifest('1', 'v1'))}
works
`

test.each([
  ['the release before', {}],
  ['one that is named', { to: 'v1' }],
])('a rollback to %s says that the idle host does not answer', async (_, options) => {
  const { swap } = fakePair({ silent: ['sd1a'] })
  const ctx: typeof swap.ctx = {
    ...swap.ctx,
    planOnly: true,
    on: host => ({
      ...swap.ctx.on(host),
      read: () =>
        Promise.resolve({
          exitCode: 0,
          stdout: Buffer.from(host.role === dock.proxy.role ? PROXY : HOST),
          stderr: Buffer.alloc(0),
        }),
    }),
  }
  await expect(
    rollback(ctx, { target: swap.target, now: () => new Date(), ...options }),
  ).rejects.toMatchObject({
    exitCode: 5,
    message:
      'sd1a: does not answer or is in quarantine, and is the idle host of dock: nothing has changed for users',
    hint: 'fleet status',
  })
})
