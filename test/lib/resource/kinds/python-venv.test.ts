import { expect, test } from 'vitest'
import { pythonVenv } from '../../../../lib/resource/kinds/python-venv.ts'
import { Secret } from '../../../../lib/shell/secret.ts'
import { NO_PATH, judge } from '../../../support/resource-case.ts'

const options = {
  path: '/srv/venv',
  requirements: ['django[argon2]==5.0.1', 'gunicorn>=21,<23'],
  owner: 'app',
}

test('packages and their text are the same environment, another owner or version is not', () => {
  const { id } = pythonVenv(options).wanted
  const text = 'django[argon2]==5.0.1\ngunicorn>=21,<23\n'
  expect(pythonVenv({ ...options, requirements: text }).wanted.id).toBe(id)
  expect(pythonVenv({ ...options, requirements: new Secret('r', text) }).wanted.id).toBe(id)
  expect(pythonVenv({ ...options, owner: 'web' }).wanted.id).not.toBe(id)
  expect(pythonVenv({ ...options, requirements: ['django'] }).wanted.id).not.toBe(id)
})

test('a private index is in stdin alone', () => {
  const requirements = new Secret('requirements', '--index-url https://u:hunter2@pypi.example/simple\nx==1\n')
  const { steps, detail } = judge(pythonVenv({ ...options, requirements }), NO_PATH)
  expect(JSON.stringify([steps, detail])).not.toContain('hunter2')
  expect(steps[0]?.stdin).toBe(requirements)
})

test.each([
  { requirements: ['-r x'] },
  { requirements: ['--index-url=x'] },
  { requirements: ['a\nb'] },
  { requirements: ['a @ file:///etc'] },
  { requirements: 'a\0b' },
  { owner: 'a b' },
  { python: '-c' },
  { python: 'python3; id' },
  { path: '/srv/../x' },
])('refuses %j', bad => {
  expect(() => pythonVenv({ ...options, ...bad })).toThrow(/not allowed|NUL/)
})
