import { execa } from 'execa'
import { expect, test } from 'vitest'
import { freePorts } from '../../../lib/proxy/free-ports.ts'
import { scriptOf } from '../../support/step-script.ts'

const looked = (kind: Parameters<typeof freePorts>[0], output: string) => {
  const { kind: ports, wanted } = freePorts(kind)
  const [seen = []] = ports.parse(output, [wanted])
  return { seen, change: ports.diff(wanted, seen), steps: ports.act(wanted, seen) }
}

test.each([
  ['haproxy', ''],
  ['haproxy', '(("haproxy"\n'],
  ['nginx', '(("nginx"\n'],
  ['trafficserver', '(("[TS_MAIN]"\n(("systemd"\n(("traffic_server"\n'],
] as const)('%s finds its own ports with %j', (kind, output) => {
  expect(looked(kind, output).change).toBeUndefined()
})

test.each([
  ['nginx', '(("haproxy"\n', 'haproxy to leave ports 80 and 443 to nginx'],
  ['haproxy', '(("apache2"\n(("haproxy"\n', 'apache2 to leave ports 80 and 443 to haproxy'],
  ['haproxy', '(("systemd"\n', 'systemd to leave ports 80 and 443 to haproxy'],
] as const)('%s is not set up beside %j', async (kind, output, detail) => {
  const { change, steps } = looked(kind, output)
  expect(change).toEqual({ action: 'change', detail })
  const { exitCode, stderr } = await execa('dash', ['-c', scriptOf(steps[0]) ?? ''], { reject: false })
  expect(exitCode).toBe(1)
  expect(stderr).toContain('listens on port 80 or 443')
})
