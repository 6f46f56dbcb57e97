import { expect, test } from 'vitest'
import { supervisorConfig } from '../../../../lib/resource/kinds/supervisor-config.ts'
import { supervisorProgram } from '../../../../lib/resource/kinds/supervisor.ts'
import { Secret, revealed } from '../../../../lib/shell/secret.ts'
import { NO_PATH, judge, pathOutput } from '../../../support/resource-case.ts'

const options = { name: 'worker', command: 'run --rate 5%', user: 'app', processes: 2 }
const there = pathOutput('/etc/supervisor/conf.d/worker.conf', 'f 600 root root', {
  content: revealed(supervisorConfig(options)),
})

test.each([
  [`${NO_PATH}\n=live=\n`, 'start 2 more'],
  [`${there}\n=live=\nworker_00   RUNNING   pid 1\nworker_01   STARTING\nother_00   FATAL\n`, undefined],
  [`${there}\n=live=\nworker_00   RUNNING   pid 1\n`, 'start 1 more'],
  [`${there}\n=live=\nworker_00   FATAL\nworker_01   EXITED\n`, '1 down'],
  [`${there}\n=live=\nworker_00   RUNNING\nworker_01   RUNNING\nworker_02   RUNNING\n`, 'stop 1'],
  [`${there}\n=live=\nunix:///var/run/supervisor.sock no such file\n`, 'start 2 more'],
])('seen %j', (output, detail) => {
  expect(judge(supervisorProgram(options), output).detail?.replace(/^\d+ bytes, /, '')).toBe(detail)
})

test('one program for each process; secrets masked, % doubled', () => {
  const config = supervisorConfig({ ...options, env: { A: '100%', B: new Secret('b', `it's`) } })
  expect(revealed(config)).toContain(`[program:worker_01]\ncommand=run --rate 5%%\n`)
  expect(revealed(config)).toContain(`environment=A="100%%",B="it's"\n`)
  expect(String(config)).toContain('B="[secret B]"')
  expect(revealed(supervisorConfig({ ...options, processes: 0 }))).toBe('; Written by fleet.\n')
})

test.each([
  { name: 'a b' },
  { name: 'a_b' },
  { command: 'a\nb' },
  { command: 'a ; b' },
  { processes: 100 },
  { env: { A: `both " and '` } },
  { env: { A: '"quoted"' } },
  { env: { A: new Secret('a', 'hunter2 #x') } },
  { env: { 'A=1,B': 'x' } },
])('refuses %j', bad => {
  expect(() => supervisorConfig({ ...options, ...bad })).toThrow(/^(?![^]*hunter2)/)
})
