import { expect, test } from 'vitest'
import { applyResources } from '../../lib/resource/apply.ts'
import type { Resource } from '../../lib/resource/resource.ts'
import type { Transport } from '../../lib/transport/transport.ts'
import { containerSsh } from '../support/container-ssh.ts'
import { labContainer } from '../support/lab-container.ts'
import { connected } from '../support/ssh-connect.ts'

const lab = labContainer('t-two-operators')

/** Each sees a number and makes it one more: an update would be lost if two acted on the same sight. */
const more: Resource = {
  id: 'count',
  kind: {
    name: 'count',
    observe: () => 'cat /run/count 2>/dev/null || echo 0',
    parse: (output, wanted) => wanted.map(() => Number(output)),
    diff: () => ({ action: 'change', detail: 'one more' }),
    act: (_, seen) => [
      {
        title: 'count',
        script: `mkdir /run/inside; echo ${Number(seen) + 1} >/run/count; sleep 0.01; rmdir /run/inside`,
      },
    ],
  },
  wanted: undefined,
  notify: [],
}

const apply = (transport: Transport, owner: string) =>
  applyResources(transport, [more], {
    mode: 'apply',
    root: true,
    runId: `run-${owner}`,
    owner,
    emit: () => undefined,
    wait: 60_000,
  })

test.skipIf(lab === undefined)('two operators at the same instant: a hundred tries, never both', async () => {
  if (lab === undefined) return
  try {
    const host = await lab.start()
    const target = containerSsh(host)
    await using first = await connected(target)
    await using second = await connected(target)
    for (let tries = 0; tries < 100; tries += 1) {
      await Promise.all([apply(first, 'alice'), apply(second, 'bob')])
    }
    expect(host.run('cat /run/count')).toBe('200\n')
  } finally {
    lab.stop()
  }
})
