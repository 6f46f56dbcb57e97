import { expect, test } from 'vitest'
import { cron } from '../../../../lib/resource/kinds/cron.ts'
import { Secret, revealed } from '../../../../lib/shell/secret.ts'

const job = { name: 'tick', schedule: '*/5 1-6 * * mon', user: 'app', command: 'date +%F' }

test('a job is one file for root, with % kept as it is', () => {
  const { wanted } = cron(job)
  expect(wanted).toMatchObject({ path: '/etc/cron.d/tick', mode: 0o644, owner: 'root' })
  expect(wanted.content).toBe(`# Written by fleet.\n*/5 1-6 * * mon app date +${String.raw`\%`}F\n`)
})

test('a secret variable makes it private and stays masked', () => {
  const { wanted } = cron({ ...job, schedule: '@daily', env: { A: 'say "hi"', B: new Secret('b', 'x y') } })
  expect(wanted.mode).toBe(0o600)
  const content = wanted.content instanceof Secret ? revealed(wanted.content) : ''
  expect(content).toContain(`A='say "hi"'\nB="x y"\n@daily app`)
  expect(String(wanted.content)).toContain('B="[secret b]"')
})

test.each([
  { name: 'a.b' },
  { name: '../x' },
  { schedule: '* * * *' },
  { schedule: '* * * * * root' },
  { schedule: '*\n* * * *' },
  { schedule: '@never' },
  { user: 'a b' },
  { command: 'a\nb' },
  { env: { 'A B': 'x' } },
  { env: { A: 'x\ny' } },
  { env: { A: new Secret('a', `both " and '`) } },
])('refuses %j', bad => {
  expect(() => cron({ ...job, ...bad })).toThrow(/not allowed|control/)
})
