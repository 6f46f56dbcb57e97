import { expect, test } from 'vitest'
import { accessBaseline, hostBaseline } from '../../../lib/provision/baseline.ts'
import { checkUnique } from '../../../lib/resource/plan.ts'

const access = accessBaseline('ops', ['ssh-ed25519 AAAA ann'])
const host = hostBaseline(2222, [{ port: 2222, protocol: 'tcp' }], {
  sshd: 'PermitRootLogin no\n',
  journald: 'j',
  unattendedUpgrades: 'u',
})
const index = (resources: typeof access, id: string) => resources.findIndex(each => each.id.includes(id))

test('the way in stands before anything is closed: user, keys, then sudo, checked', () => {
  const order = ['user ops', 'keys', '/etc/sudoers.d/50-ops'].map(id => index(access, id))
  expect(order).toEqual(order.toSorted((a, b) => a - b))
  expect(order).not.toContain(-1)
  expect(JSON.stringify(access[index(access, 'sudoers')]?.wanted)).toContain('visudo -cqf')
})

test('sshd is checked before it is replaced and reloaded, never restarted', () => {
  const sshd = host[index(host, 'sshd_config.d')]
  expect(JSON.stringify(sshd?.wanted)).toContain('sshd -t -f')
  expect(sshd?.notify).toEqual([{ id: 'reload ssh', script: 'systemctl reload ssh' }])
})

test("the firewall lets the host's own SSH port through", () => {
  expect(JSON.stringify(host[index(host, 'firewall')]?.wanted)).toContain('2222')
})

test('both go into one plan', () => {
  expect(() => checkUnique([...access, ...host])).not.toThrow()
})
