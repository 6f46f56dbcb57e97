import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { HealthError } from '../../../lib/errors.ts'
import type { FleetEvent } from '../../../lib/events/event.ts'
import {
  checkProcessHealth,
  processHealthCommand,
  readProcessHealth,
} from '../../../lib/rollout/process-health.ts'
import { fleetHost } from '../../support/fleet-host.ts'

/** The command on this machine, where there is no such user and no release. */
const here = (health: string, seconds = 1): string =>
  execFileSync(
    'sh',
    [
      '-c',
      processHealthCommand('work', health, seconds).text.replace(
        'runuser -u svc-work -- /usr/local/lib/fleetfile/run-service work ',
        '',
      ),
    ],
    { encoding: 'utf8' },
  )

test.each([
  ['exit 0', 0, ''],
  ['echo "it is not up"; exit 3', 3, 'it is not up\n'],
  ['echo why >&2; false', 1, 'why\n'],
  [`echo 'fleetfile: health 0'; exit 4`, 4, 'fleetfile: health 0\n'],
  ['sleep 60', 124, '\n'],
])('%s', (health, code, said) => {
  expect(readProcessHealth(here(health))).toEqual({ code, said })
})

test('it is asked again until it is well', () => {
  const file = `/tmp/fleet-health-${process.pid}`
  const output = here(`test -e ${file} || { touch ${file}; exit 1; }; rm ${file}`, 20)
  expect(readProcessHealth(output).code).toBe(0)
})

test('what cannot be read is no success', () => {
  expect(readProcessHealth('Welcome!\n').code).toBe(-1)
  expect(readProcessHealth('motd\nfleetfile: health 0\n').code).toBe(0)
})

const host = fleetHost('sync1', 'sync', '192.0.2.1')

async function check(stdout: string) {
  const events: FleetEvent[] = []
  const answer = { exitCode: 0, stdout: Buffer.from(stdout), stderr: Buffer.alloc(0) }
  const ctx = {
    emit: (event: FleetEvent) => void events.push(event),
    on: () => ({
      host,
      read: async () => answer,
      run: async () => answer,
      transport: () => Promise.reject(new Error('not used')),
      touch: () => Promise.reject(new Error('not used')),
    }),
  }
  const error: unknown = await checkProcessHealth(ctx, host, 'work', { health: 'curl -f localhost' }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return { error, events }
}

test('a service that is not well is told with its last words, safe to print', async () => {
  const { error, events } = await check('fleetfile: health 22\n\u001B[31mcurl: refused\n')
  expect(error).toBeInstanceOf(HealthError)
  expect(error).toMatchObject({
    message:
      'sync1: work is not healthy after 30 s: its health command ended with exit code 22\ncurl: refused',
    hint: expect.stringContaining("run-service work sh -c 'curl -f localhost'") as unknown,
  })
  expect(events).toMatchObject([{ type: 'host-ended', host: 'sync1', outcome: 'failed' }])
})

test('one that is well says nothing', async () => {
  expect(await check('fleetfile: health 0\n')).toEqual({ error: undefined, events: [] })
})
