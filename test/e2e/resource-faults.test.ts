import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { FleetEvent } from '../../lib/events/event.ts'
import * as kinds from '../../lib/resource/kinds/index.ts'
import { newNonce, program } from '../../lib/resource/program.ts'
import type { Handler, Resource } from '../../lib/resource/resource.ts'
import { Secret, secretText } from '../../lib/shell/secret.ts'
import { sh } from '../../lib/shell/sh.ts'
import type { DockerTransport } from '../support/docker-transport.ts'
import { labContainer } from '../support/lab-container.ts'
import { applyTo } from './apply-to.ts'

const lab = labContainer('t-res-faults')
const { file } = kinds

/** A resource whose only step is this script. */
const script = (id: string, code: string, more: { timeout?: number; stdin?: Secret } = {}): Resource => ({
  id,
  kind: {
    name: id,
    observe: () => ':',
    parse: (_, wanted) => wanted,
    diff: () => ({ action: 'run', detail: 'test' }),
    act: () => [{ title: id, script: code, ...more }],
  },
  wanted: undefined,
  notify: [],
})

describe.skipIf(lab === undefined)('faults while resources are applied', () => {
  let host: DockerTransport
  let events: FleetEvent[] = []
  const apply = (resources: readonly Resource[], owner = 'tester') =>
    applyTo(host, resources, { owner, emit: event => events.push(event) })

  beforeAll(async () => {
    if (lab) host = await lab.start()
  })
  afterAll(() => lab?.stop())
  beforeEach(() => {
    events = []
  })

  test('a full disk leaves the old file and nothing beside it', async () => {
    await apply([file({ path: '/small/data', content: 'old\n' })])
    const large = file({ path: '/small/data', content: new Uint8Array(3_000_000) })
    await expect(apply([large])).rejects.toThrow(
      /file \/small\/data: write \/small\/data: exit code 1\n.*No space left/,
    )
    expect(host.run('ls -A /small; cat /small/data')).toBe('data\nold\n')
  })

  test('a file that its check refuses leaves the old one', async () => {
    const check = sh`echo looked; grep -q good "$1"`
    await apply([file({ path: '/etc/checked', content: 'good\n', check })])
    await expect(apply([file({ path: '/etc/checked', content: 'bad\n', check })])).rejects.toThrow(
      /file \/etc\/checked: .*exit code 1\n {2}looked\n {2}the check refused it: the old \/etc\/checked stays$/,
    )
    expect(host.run('cat /etc/checked; find /etc -name ".fleetfile*"')).toBe('good\n')
  })

  test('a missing directory and an unknown owner are said in words', async () => {
    await expect(apply([file({ path: '/no/such/x', content: '' })])).rejects.toThrow('no directory /no/such')
    await expect(apply([file({ path: '/etc/x', content: '', owner: 'ghost' })])).rejects.toThrow(
      /invalid user:? 'ghost'/,
    )
  })

  test('a link in the place of a file is replaced, its target left alone', async () => {
    host.run('echo target >/etc/target; ln -s target /etc/linked')
    await apply([file({ path: '/etc/linked', content: 'mine\n' })])
    expect(host.run('cat /etc/target; cat /etc/linked; test ! -L /etc/linked')).toBe('target\nmine\n')
  })

  test('every byte arrives', async () => {
    const bytes = new Uint8Array(70_000).map((_, index) => (index * 7 + index / 251) % 256)
    const text = 'à\u0081\u0085 $x `y` "z" \\n \'q\'\r\n日本\n'
    await apply([file({ path: '/etc/bytes', content: bytes }), file({ path: '/etc/text', content: text })])
    const again = await apply([
      file({ path: '/etc/bytes', content: bytes }),
      file({ path: '/etc/text', content: text }),
    ])
    expect(again.changes).toEqual([])
  })

  test('a handler that failed, or never ran, is run by the next run', async () => {
    const handler: Handler = { id: 'restart thing', script: 'test -e /run/works; echo ran >>/run/ran' }
    const resources = [file({ path: '/etc/thing', content: 'a\n', notify: [handler] })]
    await expect(apply(resources)).rejects.toThrow('restart thing: exit code 1')
    await expect(apply([...resources, script('first', 'exit 7')])).rejects.toThrow('first: exit code 7')
    host.run('touch /run/works')
    const repaired = await apply(resources)
    expect(repaired.changes).toEqual([
      { resource: 'restart thing', action: 'run', detail: 'left to do by an earlier run' },
    ])
    expect((await apply(resources)).changes).toEqual([])
    expect(host.run('cat /run/ran')).toBe('ran\n')
  })

  test('a package that does not exist is named', { timeout: 120_000 }, async () => {
    await expect(apply([kinds.packages(['no-such-package-x'])])).rejects.toThrow(
      /packages no-such-package-x: .*Unable to locate package no-such-package-x/s,
    )
  })

  test('a step ends at its time-out with all it started', async () => {
    const slow = script('slow', 'echo busy; sleep 61 & sleep 61', { timeout: 1 })
    await expect(apply([slow, script('never', 'touch /etc/never')])).rejects.toThrow(
      'slow: ended after 1 s\n  busy',
    )
    expect(host.run('pgrep -f "[s]leep 61" || :; ls /etc/never 2>/dev/null || :')).toBe('')
  })

  test('a daemon that keeps the output open does not hold the run up', async () => {
    const started = Date.now()
    await apply([script('daemon', 'sleep 20 & echo up')])
    expect(Date.now() - started).toBeLessThan(10_000)
  })

  test('two runs never work on a host at once, and the second is told who', async () => {
    const first = apply([script('long', 'sleep 3')], 'alice')
    await expect
      .poll(() => events.some(event => event.type === 'step-started'), { timeout: 10_000 })
      .toBe(true)
    await expect(apply([script('other', 'true')], 'bob')).rejects.toMatchObject({
      code: 'lease-held',
      message: expect.stringMatching(/held by alice \(run run-1, since 20\S+Z\)/),
    })
    await first
    await apply([script('other', 'true')], 'bob')
  })

  test('a connection lost in the middle is told with the step', async () => {
    const steps = [script('work', 'echo 1; sleep 4; touch /etc/finished'), script('next', 'true')]
    const lost = apply(steps).catch((error: unknown) => String(error))
    await expect
      .poll(() => events.some(event => event.type === 'step-output'), { timeout: 10_000 })
      .toBe(true)
    host.drop()
    expect(await lost).toContain('connection lost during step 1 of 2 (work): it goes on there')
    await expect.poll(() => host.run('ls /etc/finished 2>/dev/null || :'), { timeout: 10_000 }).not.toBe('')
    expect(events.at(-1)).toMatchObject({ type: 'host-ended', outcome: 'unreachable' })
  })

  test('a secret is in no process list, no event and no error', async () => {
    const secret = new Secret('token', 'xyzzy-very-secret')
    const watch = host.exec(
      'for i in $(seq 150); do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"; sleep 0.02; done',
    )
    const check = sh`sleep 1; cat "$1"; false`
    const resources = [file({ path: '/etc/token', content: secretText`token=${secret}\n`, check })]
    const error: unknown = await apply(resources).catch((reason: unknown) => reason)
    const told = script('told', 'cat; exit 3', { stdin: secret })
    const other: unknown = await apply([told]).catch((reason: unknown) => reason)
    const seen = (await watch).stdout.toString()
    expect(seen).toContain('sh\n/dev/fd/3')
    expect(seen).not.toContain(secret.reveal())
    expect(String(error)).toContain('token=[secret]')
    expect(`${String(error)}${String(other)}${JSON.stringify(events)}`).not.toContain(secret.reveal())
  })

  test('a stream that is cut runs nothing', async () => {
    const whole = program(newNonce(), "touch /etc/cut <<'E'\ntext\nE\necho 'a\nb'")
    const cuts = [20, 150, whole.length - 30, whole.length - 8, whole.length - 6, whole.length - 3]
    for (const length of cuts) await host.exec('sh', { stdin: whole.slice(0, length) })
    expect(host.run('ls /etc/cut 2>/dev/null || :')).toBe('')
    await host.exec('sh', { stdin: whole })
    expect(host.run('ls /etc/cut')).toBe('/etc/cut\n')
  })

  test('50 resources: two executions, then one', async () => {
    const resources = Array.from({ length: 50 }, (_, index) =>
      file({ path: `/etc/fifty-${index}`, content: `number ${index}\n` }),
    )
    const before = host.cost.executions
    expect((await apply(resources)).applied).toHaveLength(50)
    expect(host.cost.executions - before).toBe(2)
    expect((await apply(resources)).changes).toEqual([])
    expect(host.cost.executions - before).toBe(3)
  })
})
