import { mkdtempSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { applyResources } from '../../../lib/resource/apply.ts'
import { file } from '../../../lib/resource/kinds/file.ts'
import { connected } from '../../support/ssh-connect.ts'
import { sshServer } from '../../support/ssh-server.ts'
import { tripCounter } from '../../support/trip-counter.ts'

afterEach(() => vi.unstubAllEnvs())

// The acting script is for Linux hosts; the server here is this machine.
test.skipIf(process.platform !== 'linux')('50 resources cost a fixed number of round trips', async () => {
  const home = mkdtempSync(join(tmpdir(), 'fleet-trips-'))
  vi.stubEnv('HOME', home)
  await using server = await sshServer()
  await using counter = await tripCounter(server.port)
  const owner = userInfo().username
  const resources = Array.from({ length: 50 }, (_, index) =>
    file({ path: `${home}/file-${index}`, content: `number ${index}\n`, owner }),
  )
  const options = {
    mode: 'apply',
    root: false,
    runId: 'run-1',
    owner: 'test',
    emit: () => undefined,
  } as const
  await using web1 = await connected(server.target({ port: counter.port }))
  expect((await applyResources(web1, resources, options)).applied).toHaveLength(50)
  const cold = counter.trips
  expect((await applyResources(web1, resources, options)).changes).toEqual([])
  // The proxy does not see the one of TCP itself.
  expect({ cold: cold + 1, warm: counter.trips - cold }).toEqual({ cold: 11, warm: 3 })
})
