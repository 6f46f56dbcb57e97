import { expect, test } from 'vitest'
import { absentLogrotate, logrotate } from '../../../../lib/resource/kinds/logrotate.ts'
import { rawShell, sh } from '../../../../lib/shell/sh.ts'
import { NO_PATH, judge, pathOutput } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

const options = { name: 'app', paths: ['/var/log/app/*.log', '/var/log/my app.log'] }
const TEXT = `# Written by fleet.
"/var/log/app/*.log" "/var/log/my app.log" {
  su app app
  weekly
  maxsize 100M
  rotate 14
  missingok
  notifempty
  compress
  delaycompress
  sharedscripts
  postrotate
    systemctl kill -s USR1 nginx
  endscript
}
`

test('it is one file, which logrotate checks', () => {
  const after = sh`systemctl kill -s USR1 ${'nginx'}`
  const wanted = logrotate({ ...options, owner: 'app', every: 'weekly', maxSize: '100M', after })
  expect(wanted.wanted.content).toBe(TEXT)
  expect(scriptOf(judge(wanted, NO_PATH).steps[0])).toContain('logrotate -d "$1"')
  const path = '/etc/logrotate.d/app'
  expect(judge(wanted, pathOutput(path, 'f 644 root root', { content: TEXT })).detail).toBeUndefined()
  expect(judge(absentLogrotate('app'), pathOutput(path, 'f 644 root root')).detail).toBe('file')
})

test.each([
  { name: 'a.b' },
  { name: '-x' },
  { paths: [] },
  { paths: ['log'] },
  { paths: ['/var/../etc/x'] },
  { paths: ['/var/log/"x'] },
  { paths: ['/var/log/x\n}'] },
  { maxSize: '1 M' },
  { keep: -1 },
  { owner: 'a b' },
  { after: rawShell('true\n  endscript\n}') },
  { after: sh`cat`.input('x') },
])('refuses %j', bad => {
  expect(() => logrotate({ ...options, ...bad })).toThrow(/not allowed|at least one|stdin/)
})
