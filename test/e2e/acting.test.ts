import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { FleetEvent } from '../../lib/events/event.ts'
import { applyResources, type ApplyOptions } from '../../lib/resource/apply.ts'
import { file } from '../../lib/resource/kinds/file.ts'
import type { Resource } from '../../lib/resource/resource.ts'
import { AUDIT, RUNS, auditLineSchema } from '../../lib/runs/record.ts'
import { Secret } from '../../lib/shell/secret.ts'
import { DockerTransport } from '../support/docker-transport.ts'
import { labContainer } from '../support/lab-container.ts'
import { testRecord } from '../support/record.ts'
import { script } from '../support/script-resource.ts'

const NAME = 't-acting'
const lab = labContainer(NAME)

/** Steps that leave their number in /run/steps; each after the first waits for /run/go. */
const numbered = (count: number): Resource[] =>
  Array.from({ length: count }, (_, index) =>
    script(
      `step ${index}`,
      `${index > 0 ? 'until [ -e /run/go ]; do sleep 0.05; done; ' : ''}echo ${index} >>/run/steps; echo said ${index}`,
    ),
  )

/** One operator: a connection, and what it was told. */
function operator(owner: string, id: string) {
  const transport = new DockerTransport(NAME)
  const events: FleetEvent[] = []
  const heard: { readonly matches: (event: FleetEvent) => boolean; readonly resolve: () => void }[] = []
  const emit = (event: FleetEvent) => {
    events.push(event)
    for (const each of heard) if (each.matches(event)) each.resolve()
  }
  const controller = new AbortController()
  return {
    transport,
    events,
    controller,
    /** Resolves with the first event of this type, of this step where one is named. */
    hears: (type: FleetEvent['type'], step?: string) =>
      new Promise<void>(resolve =>
        heard.push({
          matches: event =>
            event.type === type && (step === undefined || ('step' in event && event.step === step)),
          resolve,
        }),
      ),
    apply: (resources: readonly Resource[], more: Partial<ApplyOptions> = {}) =>
      applyResources(transport, resources, {
        mode: 'apply',
        root: true,
        runId: id,
        owner,
        record: testRecord({ id, owner, message: 'for the test' }),
        emit,
        signal: controller.signal,
        ...more,
      }),
  }
}

describe.skipIf(lab === undefined)('an acting script', () => {
  let host: DockerTransport
  let run = 0
  const alice = () => operator('alice', `run-a${run}`)
  const bob = () => operator('bob', `run-b${run}`)
  const journal = (id: string, number = '001') => host.run(`cat ${RUNS}/${id}/${number}.journal`)
  const lastAudit = () => auditLineSchema.parse(JSON.parse(host.run(`tail -n 1 ${AUDIT}`)))
  const untilFree = () => host.run('flock -w 20 /run/fleetfile/lock true')

  beforeAll(async () => {
    if (lab) host = await lab.start()
  })
  afterAll(() => lab?.stop())
  beforeEach(() => {
    run += 1
    host.run('rm -f /run/go /run/steps')
  })

  test('goes on without its client, holds the host to its end, and leaves its line', async () => {
    const one = alice()
    const working = one.hears('step-started', 'step 1')
    const lost = one.apply(numbered(3)).catch((error: unknown) => error)
    await working
    one.transport.drop()
    expect(await lost).toMatchObject({
      message: `${NAME}: connection lost during step 2 of 3 (step 1): it goes on there`,
      hint: `fleet resume run-a${run}`,
      exitCode: 5,
    })
    await expect(bob().apply(numbered(1))).rejects.toMatchObject({
      code: 'lease-held',
      message: expect.stringMatching(/held by alice \(run run-a\d+, since 20\S+Z\): for the test$/),
      hint: expect.stringContaining(`fleet abort run-a${run}`),
    })
    expect(host.run('systemctl list-units --no-legend "fleetfile-*"')).toContain(
      `fleetfile-run-a${run}-001.scope`,
    )
    host.run('touch /run/go')
    untilFree()
    expect(host.run('cat /run/steps')).toBe('0\n1\n2\n')
    expect(journal(`run-a${run}`)).toMatch(/ end 2 0 \d+\n\n\S+ done\n$/)
    expect(lastAudit()).toMatchObject({ run: `run-a${run}`, owner: 'alice', outcome: 'changed', changed: 3 })
  })

  test('is followed over another connection, with nothing lost and nothing twice', async () => {
    const one = alice()
    const working = one.hears('step-started', 'step 1')
    const report = one.apply(numbered(3), { reconnect: () => Promise.resolve(one.transport) })
    await working
    one.transport.drop()
    host.run('touch /run/go')
    expect((await report).applied).toEqual(['step 0', 'step 1', 'step 2'])
    expect(one.events.flatMap(event => ('text' in event ? [event.text] : []))).toEqual([
      'said 0',
      'said 1',
      'said 2',
    ])
  })

  test.each([0, 1, 2])('stops after the step in progress: Ctrl-C in step %i', async at => {
    const one = alice()
    const before = Array.from({ length: at }, (_, index) => script(`step ${index}`, 'true'))
    const last = script('last', 'until [ -e /run/go ]; do sleep 0.05; done; echo last >>/run/steps')
    const working = one.hears('step-started', 'last')
    const stopped = one
      .apply([...before, last, script('never', 'touch /run/never')])
      .catch((error: unknown) => error)
    await working
    one.controller.abort()
    await host.exec(`until [ -e ${RUNS}/run-a${run}/stop ]; do sleep 0.05; done; touch /run/go`)
    expect(await stopped).toMatchObject({
      message: `${NAME}: stopped after ${at + 1} of ${at + 2} steps`,
      hint: `fleet resume run-a${run}`,
      exitCode: 8,
    })
    expect(host.run('cat /run/steps; ls /run/never 2>/dev/null || :')).toBe('last\n')
    expect(lastAudit()).toMatchObject({ outcome: 'stopped', changed: at + 1 })
  })

  test('waits where it is told to, says for whom, and then looks again', async () => {
    const [one, two] = [alice(), bob()]
    const working = one.hears('step-started', 'step 1')
    const first = one.apply(numbered(2))
    await working
    const waiting = two.hears('note')
    const second = two.apply([file({ path: '/run/second', content: '2\n' })], { wait: 60_000 })
    await waiting
    expect(two.events.at(-1)).toMatchObject({ text: expect.stringMatching(/^waiting: held by alice \(run/) })
    host.run('touch /run/go')
    await Promise.all([first, second])
    expect(two.events.filter(({ type }) => type === 'host-planned')).toHaveLength(2)
    expect(host.run('cat /run/second')).toBe('2\n')
  })

  test('that waits lets go at Ctrl-C', async () => {
    const [one, two] = [alice(), bob()]
    const working = one.hears('step-started', 'step 1')
    const first = one.apply(numbered(2))
    await working
    const waiting = two.hears('note')
    const second = two.apply(numbered(1), { wait: 60_000 }).catch((error: unknown) => error)
    await waiting
    two.controller.abort()
    expect(await second).toMatchObject({ message: `${NAME}: stopped before its first step`, exitCode: 8 })
    host.run('touch /run/go')
    await first
    expect(host.run('cat /run/steps')).toBe('0\n1\n')
    // What was left waiting on the host begins nothing either, now that it can have the lock.
    await operator('carol', `run-c${run}`).apply([script('after', 'true')], { wait: 60_000 })
    expect(host.run('cat /run/steps')).toBe('0\n1\n')
  })

  test('that was killed holds the host until its step has ended, and the next one looks again', async () => {
    const one = alice()
    const working = one.hears('step-started', 'step 1')
    const first = one.apply(numbered(3)).catch((error: unknown) => error)
    await working
    host.run('kill -9 "$(pgrep -of "^sh /dev/fd/3 001")"')
    await expect(bob().apply(numbered(1))).rejects.toMatchObject({ code: 'lease-held' })
    host.run('touch /run/go')
    expect(await first).toMatchObject({
      message: expect.stringContaining('cut off during step 1: something ended it'),
    })
    untilFree()
    const two = bob()
    await two.apply([script('again', 'true')])
    expect(two.events.filter(({ type }) => type === 'host-planned')).toHaveLength(2)
    expect(host.run('cat /run/steps')).toBe('0\n1\n')
  })

  test('takes the secrets out before a line is on the disk', async () => {
    const nasty = new Secret('nasty', `s3c*[r]et\\n"$(x)'`)
    const lines = new Secret('key', 'first-line-of-it\nsecond-line-of-it\n')
    const watch = host.exec(
      'for i in $(seq 60); do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"; sleep 0.02; done',
    )
    await alice().apply([
      script('tells', 'cat; sleep 0.5', { stdin: nasty }),
      script('tells all', 'sed "s/^/got: /;s/$/ and more/"', { stdin: lines }),
    ])
    const seen = `${(await watch).stdout.toString()}${host.run(`cat ${AUDIT} ${RUNS}/run-a${run}/*`)}`
    expect(seen).toContain('got: [secret] and more')
    for (const part of ['s3c', 'first-line', 'second-line']) expect(seen).not.toContain(part)
  })

  test('begins nothing where its journal has no room, and tells the failure of a step that fills the disk', async () => {
    const small = 'mount -t tmpfs -o size'
    host.run(`${small}=300k none /var/lib/fleetfile`)
    await expect(alice().apply([script('a', 'touch /run/began')])).rejects.toMatchObject({
      message: expect.stringMatching(
        /no room for the journal, so nothing was begun: .*No space left on device/s,
      ),
      exitCode: 4,
    })
    host.run(`umount -l /var/lib/fleetfile; ${small}=1300k none /var/lib/fleetfile`)
    const fill = 'dd if=/dev/zero of=/var/lib/fleetfile/fill bs=64k 2>&1 || seq 2000; exit 3'
    await expect(alice().apply([script('fills', fill)])).rejects.toMatchObject({
      message: expect.stringMatching(/fills: exit code 3.*\n {2}2000$/s),
    })
    host.run('umount -l /var/lib/fleetfile; test ! -e /run/began')
  })

  test('keeps the newest hundred runs, and none that is needed', async () => {
    host.run(`for i in $(seq 100 260); do mkdir -p ${RUNS}/old-$i; touch ${RUNS}/old-$i/001.journal; done`)
    await alice().apply([script('a', 'true')])
    await expect.poll(() => host.run(`ls ${RUNS} | wc -l`).trim()).toBe('100')
    expect(host.run(`ls ${RUNS} | grep -c -e ^run-a${run}$ -e ^old-260$`)).toBe('2\n')
    host.run(`rm -rf ${RUNS}/old-*`)
  })

  test('ends with the host; after its start the host is free, and the cut is plain to see', async () => {
    const one = alice()
    const working = one.hears('step-started', 'step 1')
    const first = one.apply(numbered(2)).catch((error: unknown) => error)
    await working
    execFileSync('docker', ['restart', '-t', '0', NAME])
    await first
    expect(journal(`run-a${run}`)).toMatch(/ begin 1\n$/)
    expect(host.run(`flock -n ${RUNS}/run-a${run}/001.journal echo free`)).toBe('free\n')
    expect((await bob().apply([script('again', 'true')])).applied).toEqual(['again'])
  })
})
