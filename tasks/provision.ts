import { z } from 'zod'
import { ConfigError, defineTask, sh, type FleetHost, type TaskContext } from '../lib/index.ts'
import { openPorts } from '../lib/fleet/ports.ts'
import { operatorKeys } from '../lib/fleet/operator-keys.ts'
import { recordHostKeys } from '../lib/fleet/record-host-keys.ts'
import { applyResources } from '../lib/resource/apply.ts'
import { baselineOf } from '../lib/provision/baseline-of.ts'
import { firstContact } from '../lib/provision/first-contact.ts'
import { leasesOn, takeLeases } from '../lib/lease/lease.ts'
import { proveLogin } from '../lib/provision/prove-login.ts'
import { knockPort, listeningPorts } from '../lib/provision/reachable-ports.ts'
import { provisionBodies } from '../templates/index.ts'

/** Ports that are knocked at whether or not something listens: what is most often left open by mistake. */
const COMMON_PORTS = [21, 23, 25, 80, 111, 443, 2375, 3306, 5432, 5672, 6379, 8080, 9000, 11211, 15672, 27017]

/** What sshd really does, whatever other files of its configuration say. */
async function proveSshd(ctx: TaskContext, host: FleetHost): Promise<void> {
  const { stdout } = await ctx.on(host).read(sh`sshd -T`, { root: true })
  const lines = new Set(stdout.toString('utf8').split('\n'))
  const missing = ['permitrootlogin no', 'passwordauthentication no', 'pubkeyauthentication yes'].filter(
    line => !lines.has(line),
  )
  if (missing.length > 0) {
    throw new ConfigError(`sshd does not do what it was told: no ${missing.join(', no ')}`, {
      host: host.name,
      hint: 'look in /etc/ssh/sshd_config for what stands before, or instead of, Include /etc/ssh/sshd_config.d/*.conf',
    })
  }
}

/** Proves from outside that only declared ports answer. Returns a line for the summary. */
async function provePorts(ctx: TaskContext, host: FleetHost): Promise<string> {
  const declared = openPorts(ctx.fleet, host, ctx.allHosts)
  const world = new Set(declared.filter(({ from }) => from === undefined).map(({ port }) => port))
  const { stdout } = await ctx.on(host).read(sh`ss -Htuln`)
  const listening = listeningPorts(stdout.toString('utf8'))
  const closed = [...new Set([...listening, ...declared.map(({ port }) => port), ...COMMON_PORTS])].filter(
    port => !world.has(port),
  )
  const answers = await Promise.all(
    closed.map(async port => ({ port, answer: await knockPort(host.address, port, 2000) })),
  )
  const leaks = answers.filter(({ answer }) => answer !== 'silent').map(({ port }) => port)
  if (leaks.length > 0) {
    throw new ConfigError(`ports ${leaks.join(', ')} answer from outside but are not declared`, {
      host: host.name,
      hint: `fleet provision --on ${host.name}`,
    })
  }
  return `open to all: ${[...world].join(', ')}; ${closed.length} other ports knocked at from here, all silent`
}

export default defineTask({
  name: 'provision',
  summary: 'Make bare VPSes into safe servers',
  description:
    'Makes the deploy user with your keys and sudo, closes SSH to passwords and root, opens only the declared ports, ' +
    'and sets up time, security updates, log limits and swap. Proves the login before it closes the old one, and the ports by connecting to them.',
  params: z.strictObject({}),
  hosts: 'all',
  examples: ['fleet provision', 'fleet provision --on web3 --plan'],
  async run(ctx) {
    const { user } = ctx.fleet.access
    const keys = await operatorKeys(ctx)
    await using _held = await takeLeases(ctx, leasesOn(ctx.hosts, 'host'), {
      open: host => firstContact(ctx, host),
    })
    ctx.phase(`the way in: ${user} with ${keys.length} key(s)`)
    const { access, of: baseline } = baselineOf(ctx, keys, provisionBodies)
    if (ctx.planOnly) {
      await ctx.each(ctx.hosts, async host => {
        const wanted = [...access, ...baseline(host)]
        await applyResources(await firstContact(ctx, host), wanted, { ...ctx, mode: 'plan', root: true })
      })
      return
    }
    await ctx.each(ctx.hosts, async host => {
      const transport = await firstContact(ctx, host)
      await proveLogin(ctx, host, transport, () =>
        applyResources(transport, access, { ...ctx, mode: 'apply', root: true }),
      )
    })
    ctx.phase('the baseline: SSH, firewall, time, updates, logs, swap')
    const report = await ctx.apply(baseline)
    ctx.phase('proof: what sshd does, and which ports answer from outside')
    const proofs = await ctx.each(ctx.hosts, async host => {
      await proveSshd(ctx, host)
      return provePorts(ctx, host)
    })
    for (const host of ctx.hosts) ctx.note(proofs.get(host.name) ?? '', host)
    await recordHostKeys(ctx)
    return { data: { changed: Object.fromEntries(report.changed), ports: Object.fromEntries(proofs) } }
  },
})
