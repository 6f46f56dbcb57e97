import { expect, test } from 'vitest'
import { serviceText, timerText } from '../../../../lib/resource/kinds/timer-files.ts'
import { absentTimer, timer } from '../../../../lib/resource/kinds/timer.ts'
import type { Resource } from '../../../../lib/resource/resource.ts'
import { rawShell, sh } from '../../../../lib/shell/sh.ts'
import { NO_PATH, judge, pathOutput } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

const options = {
  name: 'backup',
  calendar: 'Mon..Fri 04:30',
  command: sh`echo ${'50% of $HOME "x"'}`,
  user: 'app',
}
const folder = '/etc/systemd/system'
const facts = (path: string) => `${folder}/${path}\0f 644 root root\0\0`
const hash = (path: string, content: string) =>
  pathOutput(`${folder}/${path}`, 'x', { content }).split('\0\0').at(-1) ?? ''
const there = `${facts('backup.timer')}${facts('backup.service')}\0${hash('backup.timer', timerText(options))}${hash('backup.service', serviceText(options))}`

test.each([
  [timer(options), `${NO_PATH}\n=live=\ninactive\n`, 'timer, service, enable, start', 3],
  [timer(options), `${there}\n=live=\nactive enabled\n`, undefined, 0],
  [timer(options), `${there}\n=live=\ninactive enabled\n`, 'start', 1],
  [timer({ ...options, user: 'web' }), `${there}\n=live=\nactive enabled\n`, 'service', 2],
  [timer({ ...options, calendar: 'daily' }), `${there}\n=live=\nactive enabled\n`, 'timer', 2],
  [absentTimer('backup'), `${there}\n=live=\nactive enabled\n`, 'timer and service', 1],
  [absentTimer('backup'), `${NO_PATH}\n=live=\ninactive\n`, undefined, 0],
] satisfies [Resource, string, string | undefined, number][])('%#', (resource, output, detail, steps) => {
  const judged = judge(resource, output)
  expect(judged.detail).toBe(detail)
  expect(judged.steps).toHaveLength(detail === undefined ? 0 : steps)
})

test('what systemd would expand is kept as it is', () => {
  expect(serviceText(options)).toContain(String.raw`ExecStart=/bin/sh -c "echo '50%% of $$HOME \"x\"'"`)
  expect(serviceText({ ...options, env: { A: 'a "b" %n\\' } })).toContain(
    String.raw`Environment="A=a \"b\" %%n\\"`,
  )
  expect(serviceText({ ...options, command: rawShell('a\nb') })).toContain(String.raw`"a\nb"`)
})

test('systemd reads the calendar before either file is written', () => {
  const { steps } = judge(timer(options), `${NO_PATH}\n=live=\n`)
  expect(scriptOf(steps[0])).toContain(`systemd-analyze calendar -- 'Mon..Fri 04:30' >/dev/null`)
})

test.each([
  { name: 'a b' },
  { name: '../x' },
  { calendar: 'daily\nPersistent=no' },
  { calendar: [] },
  { calendar: '-x' },
  { command: sh`cat`.input('x') },
  { command: rawShell('a\0b') },
  { user: 'a b' },
  { env: { 'A B': 'x' } },
  { env: { A: 'x\ny' } },
  { environmentFile: 'x' },
  { spread: -1 },
])('refuses %j', bad => {
  expect(() => timer({ ...options, ...bad })).toThrow(/not allowed|want|stdin|control/)
})
