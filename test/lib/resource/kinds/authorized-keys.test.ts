import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { authorizedKeys } from '../../../../lib/resource/kinds/authorized-keys.ts'
import { judge } from '../../../support/resource-case.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0nF0xk0w0Z5Qm1xq0p ops@laptop'
const HASH = createHash('sha256').update(`${KEY}\n`).digest('hex')

test.each([
  ['absent\nabsent\nabsent\n', '1 keys'],
  [`d 700 deploy\nf 600 deploy\n${HASH}  -\n`, undefined],
  [`d 755 root\nf 600 deploy\n${HASH}  -\n`, '.ssh: d 755 root -> d 700 deploy'],
  [`d 700 deploy\nf 600 deploy\n${'0'.repeat(64)}  -\n`, 'exactly these 1 keys'],
  ['d 700 deploy\nl 777 deploy\nabsent\n', 'exactly these 1 keys, l 777 deploy -> f 600 deploy'],
])('seen %j', (output, detail) => {
  expect(judge(authorizedKeys({ user: 'deploy', keys: [KEY] }), output).detail).toBe(detail)
})

test.each([
  `from="10.0.0.0/8",no-pty ${KEY}`,
  'command="/usr/local/bin/gate --x" ssh-rsa AAAA',
  'sk-ssh-ed25519@openssh.com AAAA x',
])('takes %j', key => {
  expect(authorizedKeys({ user: 'a', keys: [key] }).wanted.content).toBe(`${key}\n`)
})

test.each(['', '# comment', 'ssh-dss AAAA', `${KEY}\n${KEY}`, 'ssh-ed25519', 'ssh-ed25519 A$B'])(
  'refuses %j',
  key => {
    expect(() => authorizedKeys({ user: 'a', keys: [key] })).toThrow(/not allowed|control/)
  },
)
