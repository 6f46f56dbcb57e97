import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../lib/transport/connect.ts'
import { createPool, type Pool } from '../../lib/transport/pool.ts'
import type { Target } from '../../lib/transport/transport.ts'
import { containerSsh } from '../support/container-ssh.ts'
import type { DockerTransport } from '../support/docker-transport.ts'
import { labContainer } from '../support/lab-container.ts'
import { TRANSPORTS } from '../support/transports.ts'

const lab = labContainer(`t-crowd-${process.pid}`)
const CROWD = 30

describe.skipIf(lab === undefined)('an sshd that takes few logins at once', () => {
  let host: DockerTransport
  let target: Target

  beforeAll(async () => {
    if (lab === undefined) return
    host = await lab.start()
    target = containerSsh(host)
    host.run(`printf 'MaxStartups 3:50:5\\nLogLevel VERBOSE\\n' >/etc/ssh/sshd_config.d/crowd.conf
systemctl restart ssh`)
  })
  afterAll(() => lab?.stop())

  const open = () => createPool(connect, { signal: new AbortController().signal, timeout: 30_000 })
  /** Connections of their own, as if each went to another host behind this address. */
  const crowd = (pool: Pool, transport: 'ssh' | 'openssh', count: number) =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const one = await pool.open({ ...target, name: `host${index}`, transport })
        return (await one.exec('echo $$')).stdout.toString()
      }),
    )
  const dropped = () => Number(host.run(`journalctl -u ssh --no-pager | grep -c 'drop connection #' || :`))

  test.each(TRANSPORTS)(
    'one operator and another at the same time: none is turned away (%s)',
    async transport => {
      const [ann, bob] = [open(), open()]
      try {
        const said = (await Promise.all([crowd(ann, transport, CROWD), crowd(bob, transport, CROWD)])).flat()
        expect(said).toHaveLength(2 * CROWD)
        expect(said.filter(text => !/^\d+\n$/.test(text))).toEqual([])
        // It did turn some away: they came again.
        expect(dropped()).toBeGreaterThan(0)
      } finally {
        await Promise.all([ann.closeAll(), bob.closeAll()])
      }
    },
  )
})
