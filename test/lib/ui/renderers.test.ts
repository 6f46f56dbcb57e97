import { describe, expect, test, vi } from 'vitest'
import type { FleetEvent } from '../../../lib/events/event.ts'
import { chooseRenderer } from '../../../lib/ui/choose.ts'
import { jsonRenderer } from '../../../lib/ui/json.ts'
import { liveRenderer } from '../../../lib/ui/live.ts'
import { plainRenderer } from '../../../lib/ui/plain.ts'
import { Capture } from '../../support/cli.ts'

const change = { resource: 'file /etc/x', action: 'change', detail: '0644 -> 0600' } as const
const run: readonly FleetEvent[] = [
  { type: 'run-started', task: 'deploy', fleet: 'shop', hosts: ['web1', 'web2', 'db1'] },
  { type: 'phase', title: 'Prepare' },
  { type: 'host-planned', host: 'web1', changes: [change], notes: ['swap: not in a container'] },
  {
    type: 'host-planned',
    host: 'web2',
    changes: [change, { resource: 'package nginx', action: 'create', detail: '' }],
    notes: ['swap: not in a container'],
  },
  { type: 'host-planned', host: 'db1', changes: [] },
  { type: 'step-started', host: 'web1', step: 'file /etc/x' },
  { type: 'step-output', host: 'web1', step: 'file /etc/x', text: 'one\ntwo\n' },
  { type: 'step-ended', host: 'web1', step: 'file /etc/x', exitCode: 0, milliseconds: 1500 },
  { type: 'step-ended', host: 'web2', step: 'nginx -t', exitCode: 1, milliseconds: 20 },
  { type: 'host-ended', host: 'web1', outcome: 'changed', changed: 1 },
  { type: 'host-ended', host: 'web2', outcome: 'failed', changed: 0, reason: 'nginx -t failed\nmore' },
  { type: 'host-ended', host: 'db1', outcome: 'unchanged', changed: 0 },
  { type: 'run-ended', exitCode: 4, milliseconds: 3200 },
]

function plain(events: readonly FleetEvent[], verbosity = 0): string {
  const stderr = new Capture()
  const renderer = plainRenderer(new Capture(), stderr, { verbosity, colour: false })
  for (const event of events) renderer.emit(event)
  renderer.close()
  return stderr.text
}

describe('plain', () => {
  test('shows what changes, what fails and a summary', () => {
    expect(plain(run)).toBe(
      [
        'deploy on shop, 3 hosts',
        '-- Prepare',
        'web1, web2: swap: not in a container',
        'web1, web2: file /etc/x change 0644 -> 0600',
        'web2: package nginx create',
        'web2: nginx -t failed with exit code 1',
        'web1: changed 1',
        'web2: failed: nginx -t failed',
        'stopped in 3.2s: 1 changed, 1 unchanged, 1 failed',
        '',
      ].join('\n'),
    )
  })

  test.each([
    [1, ['hosts: web1, web2, db1', 'web1: file /etc/x ...', 'web1: file /etc/x 1.5s', 'db1: unchanged']],
    [2, ['web1 | one', 'web1 | two']],
    [3, ['"type":"host-planned"', '"type":"run-ended"']],
  ])('verbosity %d adds', (verbosity, lines) => {
    for (const line of lines) {
      expect(plain(run, verbosity)).toContain(line)
      expect(plain(run, verbosity - 1)).not.toContain(line)
    }
  })

  test('progress is a line for each quarter', () => {
    const events = Array.from(
      { length: 101 },
      (_, done) => ({ type: 'progress', id: 'x', text: 'ship', done, total: 100 }) as const,
    )
    expect(plain(events).trim().split('\n')).toEqual([
      'ship 25 of 100',
      'ship 50 of 100',
      'ship 75 of 100',
      'ship 100 of 100',
    ])
  })
})

const ended = (hosts: readonly string[], exitCode: number): readonly FleetEvent[] => [
  { type: 'run-started', task: 'restart', fleet: 'shop', hosts },
  { type: 'run-ended', exitCode, milliseconds: 1200 },
]

describe.each([false, true])('the end of a run that touched no resource, live: %s', isLive => {
  const show = (events: readonly FleetEvent[]) => {
    const stderr = new Capture({ isTTY: isLive })
    const stdout = new Capture({ isTTY: isLive })
    const options = { verbosity: 0, colour: false, now: () => new Date(0) }
    const renderer = (isLive ? liveRenderer : plainRenderer)(stdout, stderr, options)
    for (const event of events) renderer.emit(event)
    renderer.close()
    expect(stdout.text).toBe('')
    return stderr.text
  }

  test.each<[string, readonly string[], number, string]>([
    ['success', ['web1'], 0, 'restart on shop, 1 host\ndone in 1.2s\n'],
    ['a failure, which its error tells', ['web1'], 4, 'restart on shop, 1 host\n'],
    ['a task without hosts', [], 0, ''],
  ])('%s', (_, hosts, exitCode, expected) => {
    expect(show(ended(hosts, exitCode))).toBe(expected)
  })
})

const HOSTILE = '\u001b[2J\u001b]0;owned\u0007\u009b31mred\u202Eevil\rover\bwritten\u0000'

describe('hostile text', () => {
  const events: readonly FleetEvent[] = [
    { type: 'run-started', task: HOSTILE, fleet: HOSTILE, hosts: [HOSTILE] },
    { type: 'phase', title: HOSTILE },
    { type: 'note', text: HOSTILE, host: HOSTILE },
    { type: 'warning', text: `${HOSTILE}\nweb1: all is well` },
    { type: 'host-planned', host: HOSTILE, changes: [{ resource: HOSTILE, action: 'run', detail: HOSTILE }] },
    { type: 'step-started', host: HOSTILE, step: HOSTILE },
    { type: 'step-output', host: HOSTILE, step: HOSTILE, text: HOSTILE },
    { type: 'step-ended', host: HOSTILE, step: HOSTILE, exitCode: 1, milliseconds: 1 },
    { type: 'host-ended', host: HOSTILE, outcome: 'failed', changed: 0, reason: HOSTILE },
    { type: 'progress', id: HOSTILE, text: HOSTILE, done: 1, total: 2 },
    { type: 'result', data: HOSTILE },
  ]

  test('reaches no screen', () => {
    const text = plain(events, 3)
    expect(text).toContain('red')
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
    expect(text).not.toContain('\nweb1: all is well')
  })

  test('stays in JSON, escaped', () => {
    const stdout = new Capture()
    jsonRenderer(stdout).emit({ type: 'note', text: 'a\nb\u001b[2J' })
    expect(stdout.text).toBe('{"v":1,"type":"note","text":"a\\nb\\u001b[2J"}\n')
  })
})

describe('live', () => {
  const at = new Date(0)

  test('never draws more lines than the screen has, and leaves it clean', () => {
    vi.useFakeTimers()
    const stderr = new Capture({ isTTY: true, rows: 6, columns: 40 })
    const renderer = liveRenderer(new Capture(), stderr, { verbosity: 0, colour: false, now: () => at })
    for (let host = 0; host < 50; host++) {
      renderer.emit({
        type: 'step-started',
        host: `web${host}`,
        step: 'a step with a name longer than the screen is wide',
      })
    }
    vi.advanceTimersByTime(150)
    const drawn = stderr.text.split('\n').filter(line => line.includes('web'))
    expect(drawn).toHaveLength(3)
    expect(drawn.every(line => line.length < 60)).toBe(true)
    expect(stderr.text).toContain('... and 47 more')
    stderr.text = ''
    renderer.print('result')
    renderer.close()
    vi.useRealTimers()
    expect(stderr.text).not.toContain('web')
  })

  test('finished lines stand above and results go to stdout', () => {
    const [stdout, stderr] = [new Capture(), new Capture({ isTTY: true })]
    const renderer = liveRenderer(stdout, stderr, { verbosity: 0, colour: false, now: () => at })
    for (const event of run) renderer.emit(event)
    renderer.print('table')
    renderer.close()
    expect(stderr.text).toContain('web1, web2: file /etc/x change 0644 -> 0600\n')
    expect(stdout.text).toBe('table\n')
  })
})

test.each<[string, { isTTY: boolean }, Record<string, string>, boolean]>([
  ['a terminal', { isTTY: true }, {}, true],
  ['a pipe', { isTTY: false }, {}, false],
  ['CI=true', { isTTY: true }, { CI: 'true' }, false],
  ['NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, false],
])('colour on %s', async (_, terminal, env, expected) => {
  const stderr = new Capture(terminal)
  const options = { stdout: new Capture(), stderr, env, json: false, verbosity: 0, now: () => new Date(0) }
  const renderer = await chooseRenderer(options)
  renderer.emit({ type: 'phase', title: 'x' })
  expect(stderr.text.includes('\u001b[1m')).toBe(expected)
})
