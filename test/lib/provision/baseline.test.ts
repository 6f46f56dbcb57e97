import { expect, test } from 'vitest'
import lab from '../../../inventory/lab.ts'
import { baselineOf } from '../../../lib/provision/baseline-of.ts'
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

test('nobody is left without a way in: root is told to be somebody else', () => {
  const fleet = { ...lab, access: { user: 'root' } }
  const bodies = { sshdHardening: () => '', journaldLimits: () => '', unattendedUpgrades: () => '' }
  expect(() => baselineOf({ fleet, allHosts: [] }, ['ssh-ed25519 AAAA ann'], bodies)).toThrow(
    expect.objectContaining({
      message: 'access.user is root, and what fleet provisions lets root log in no more',
      hint: expect.stringContaining("access: { user: 'deploy' }"),
    }),
  )
})
