import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { endHost } from '../../../../lib/providers/lab/container.ts'
import { folder } from '../../../support/folder.ts'

const { signal } = new AbortController()
const BUSY = 'Error response from daemon: removal of container fleet-x-web1 is already in progress'
const GONE = 'Error response from daemon: No such container: fleet-x-web1'

afterEach(() => void vi.unstubAllEnvs())

/** A `docker` that gives one refusal after the other, and then is content. Returns a count of how often it was asked. */
function engine(...refusals: readonly string[]): () => number {
  const place = folder()
  const calls = join(place, 'calls')
  const turns = refusals.map((said, index) => `${index + 1}) echo '${said}' >&2; exit 1 ;;`)
  const program = join(place, 'docker')
  writeFileSync(
    program,
    `#!/bin/sh\necho "$*" >>'${calls}'\ncase $(wc -l <'${calls}') in\n${turns.join('\n')}\nesac\n`,
  )
  chmodSync(program, 0o755)
  vi.stubEnv('PATH', `${place}:${process.env.PATH ?? ''}`)
  return () => readFileSync(calls, 'utf8').trimEnd().split('\n').length
}

test.each([
  ['one that is there', [], 1],
  ['one that is gone', [GONE], 1],
  ['one that a stopped run is removing', [BUSY, BUSY, GONE], 3],
])('%s is gone at the end', async (_, refusals, count) => {
  const calls = engine(...refusals)
  await endHost('fleet-x-web1', { signal })
  expect(calls()).toBe(count)
})

test('what the engine refuses otherwise is told', async () => {
  engine('Error response from daemon: device or resource busy')
  await expect(endHost('fleet-x-web1', { signal })).rejects.toMatchObject({
    message: expect.stringContaining('resource busy'),
    exitCode: 4,
  })
})
