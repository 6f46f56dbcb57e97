import { expect, test } from 'vitest'
import { user } from '../../../../lib/resource/kinds/user.ts'
import { judge } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

const seen = (passwd: string, shadow: string, groups: string) => `${passwd}\n=\n${shadow}\n=\n${groups}\n`
const DEPLOY = 'deploy:x:1001:1001::/home/deploy:/bin/bash'
const GROUPS = 'root:x:0:\nsudo:x:27:deploy,bob\nadm:x:4:deploy\ndeploy:x:1001:'

test.each([
  [
    'missing',
    '=\n=\nroot:x:0:\n',
    'login with /bin/bash',
    "useradd --create-home --user-group -s /bin/bash -d /home/deploy -G sudo,adm -p '*' deploy",
  ],
  ['as wanted', seen(DEPLOY, 'deploy:!', GROUPS), undefined, undefined],
  ['open password', seen(DEPLOY, 'deploy:open', GROUPS), 'lock the password', "usermod -p '*' deploy"],
  [
    'other shell',
    seen(DEPLOY.replace('bash', 'sh'), 'deploy:*', GROUPS),
    'shell /bin/sh -> /bin/bash',
    'usermod -s /bin/bash deploy',
  ],
  [
    'too many groups',
    seen(DEPLOY, 'deploy:!', `${GROUPS}\ndocker:x:9:deploy`),
    'groups sudo,adm,docker -> sudo,adm',
    'usermod -G sudo,adm deploy',
  ],
])('%s', (_, output, detail, script) => {
  const judged = judge(user({ name: 'deploy', groups: ['sudo', 'adm'] }), output)
  expect(judged.detail).toBe(detail)
  expect(scriptOf(judged.steps[0])).toBe(script)
})

test('groups that are not told are left alone', () => {
  expect(judge(user({ name: 'deploy' }), seen(DEPLOY, 'deploy:!', GROUPS)).detail).toBeUndefined()
})

test.each(['root', 'a b', '-r', 'Root', 'a;b', '', 'a\n', 'a:b'])('refuses %j', name => {
  expect(() => user({ name })).toThrow(/not (allowed|managed)/)
})
