import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { onlyIf, parseConditions } from '../../../lib/resource/conditions.ts'
import { absentFile } from '../../../lib/resource/kinds/absent-file.ts'
import { observeProgram, readObservation } from '../../../lib/resource/observe.ts'
import { checkUnique, handlerKey, planHost } from '../../../lib/resource/plan.ts'
import type { Resource } from '../../../lib/resource/resource.ts'
import { rawShell, sh } from '../../../lib/shell/sh.ts'

const handler = { id: 'h', script: 'true' }
const passwd: Resource = absentFile('/etc/passwd', { notify: [handler] })
const group: Resource = absentFile('/etc/group')

function plan(resources: readonly Resource[]) {
  const input = observeProgram(resources, 'fleetfile-nonce', '/nonexistent')
  const { stdout, stderr, status } = spawnSync('/bin/sh', [], { input })
  const result = { exitCode: status ?? 1, stdout, stderr }
  const seen = readObservation({ host: 'web1', user: 'root' }, resources, 'fleetfile-nonce', result)
  return planHost({ ...seen, pending: new Set([handlerKey(handler)]) })
}

test.each([
  ['holds', sh`true`, true],
  ['does not hold', sh`false`, false],
  ['quotes its values', sh`test ${"a'b c"} = ${"a'b c"}`, true],
  ['is a program that is not there', sh`no-such-program-x`, false],
  ['is no shell code', rawShell('fi )'), false],
  ['says more than it should', rawShell("printf '\\nfleetfile-nonce end 1\\n'; echo x >&2; true"), true],
  ['reads', rawShell('read -r x'), false],
  ['would leave the whole program', rawShell('exit 0'), true],
])('a resource whose condition %s', (_, condition, done) => {
  const { changes } = plan(onlyIf(condition, passwd))
  expect(changes.map(({ resource }) => resource)).toEqual(done ? ['file /etc/passwd'] : [])
})

test('others are not left alone with it, and its handler is not due', () => {
  const { changes, handlers } = plan([...onlyIf(sh`false`, passwd), group])
  expect(changes.map(({ resource }) => resource)).toEqual(['file /etc/group'])
  expect(handlers).toEqual([])
})

test('the same condition is asked once, two must both hold', () => {
  const asked = rawShell('test -e /etc/passwd')
  const both = [...onlyIf(asked, passwd), ...onlyIf(asked, ...onlyIf(sh`false`, group))]
  expect(observeProgram(both, 'n', '/x').match(/^ask /gm)).toHaveLength(2)
  expect(plan(both).changes.map(({ resource }) => resource)).toEqual(['file /etc/passwd'])
})

test('no answer is not a no', () => {
  expect(() => parseConditions('web1', '0\n124\n', ['true', 'sleep 99'])).toThrow(
    'web1: no answer within 30 s to the condition: sleep 99',
  )
})

test('a condition cannot have a stdin', () => {
  expect(() => checkUnique(onlyIf(sh`grep x`.input('x'), group))).toThrow(
    'file /etc/group: its condition cannot have a stdin',
  )
})
