import { z } from 'zod'
import { CommandError, HostsFailedError, LoginRefusedError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { leasesOn, withLeases } from '../lease/lease.ts'
import { pause } from '../rollout/pause.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { Secret } from '../shell/secret.ts'
import { askEngine, EngineRefusedError, tellEngine } from './engine-api.ts'
import { lookAtSwarm } from './look.ts'
import { HOST_LABEL, nodeSpec, parseMember, parseNodes, type SwarmNode } from './node.ts'
import { managerAddress, managingHost, swarmPlan, type SwarmStep } from './set-up-plan.ts'

const tokensSchema = z.object({ JoinTokens: z.object({ Worker: z.string(), Manager: z.string() }) })

/** What a step of the set-up is called. */
export function describeStep(step: SwarmStep): string {
  switch (step.do) {
    case 'init':
      return 'start a swarm'
    case 'join':
      return `${step.leave ? 'leave what is left of the old swarm and ' : ''}join the swarm as ${step.role}`
    case 'role':
      return `become a ${step.role} of the swarm`
    case 'name':
      return 'be named in the swarm'
    case 'remove':
      return `remove the node of ${step.host} from the swarm`
  }
}

/**
 * Makes the hosts of one role into one swarm: the first is where it starts, at most three of the first are its managers.
 * `all` are the role's hosts, `present` those that take part in this run. The swarm's tokens go from host to host by way
 * of this process, on stdin, and are kept nowhere. Gives what was done; the second time that is nothing.
 */
export async function setUpSwarm(
  ctx: RolloutContext,
  all: readonly FleetHost[],
  present: readonly FleetHost[],
): Promise<readonly SwarmStep[]> {
  const plan = swarmPlan(all, await lookAtSwarm(ctx, present))
  for (const step of ctx.planOnly ? plan : []) {
    ctx.note(`would ${describeStep(step)}`, hostNamed(all, step.host))
  }
  if (plan.length === 0 || ctx.planOnly) return ctx.planOnly ? [] : plan
  // Services of one role share its swarm: two runs never set it up side by side.
  return withLeases(ctx, leasesOn(present, 'swarm'), async () => {
    const steps = swarmPlan(all, await lookAtSwarm(ctx, present))
    if (steps.length > 0) ctx.phase(`the swarm of ${all.map(({ name }) => name).join(', ')}`)
    for (const step of steps) {
      await take(ctx, present, step)
      ctx.note(describeStep(step).replace(/^be named/, 'named'), hostNamed(all, step.host))
    }
    return steps
  })
}

const hostNamed = (hosts: readonly FleetHost[], wanted: string): FleetHost | undefined =>
  hosts.find(({ name }) => name === wanted)

async function take(ctx: RolloutContext, present: readonly FleetHost[], step: SwarmStep): Promise<void> {
  const host = hostNamed(present, step.host)
  const at = (some: FleetHost) => ({ ListenAddr: managerAddress(some), AdvertiseAddr: some.address })
  if (step.do === 'init' && host !== undefined) {
    await tellEngine(ctx.on(host), 'the swarm could not be started', '/swarm/init', at(host))
    return
  }
  const { manager, others } = await managers(ctx, present)
  if (step.do === 'join' && host !== undefined) {
    if (step.leave) await tellEngine(ctx.on(host), 'cannot leave the old swarm', '/swarm/leave?force=true')
    const token = await joinToken(ctx, manager, step.role)
    const body = { ...at(host), RemoteAddrs: others.map(managerAddress), JoinToken: token.reveal() }
    const secret = new Secret('join token', JSON.stringify(body))
    await tellEngine(ctx.on(host), 'cannot join the swarm', '/swarm/join', secret)
    await nameNode(ctx, manager, host)
  } else if (step.do === 'name' && host !== undefined) {
    await nameNode(ctx, manager, host)
  } else if (step.do === 'role') {
    await change(ctx, manager, step.node, () => ({ role: step.role }))
  } else if (step.do === 'remove') {
    if (step.demote) await change(ctx, manager, step.node, () => ({ role: 'worker' }))
    await removeNode(ctx, manager, step.node)
  }
}

async function managers(ctx: RolloutContext, present: readonly FleetHost[]) {
  const { members } = await lookAtSwarm(ctx, present)
  const manager = managingHost(present, members)
  if (manager === undefined) {
    throw new CommandError('no manager of the swarm answers', { hint: 'fleet status' })
  }
  return { manager, others: present.filter(({ name: each }) => members.get(each)?.controls === true) }
}

async function joinToken(ctx: RolloutContext, manager: FleetHost, role: SwarmNode['role']): Promise<Secret> {
  const [swarm] = await askEngine(ctx.on(manager), ['/swarm'])
  const { data } = tokensSchema.safeParse(swarm?.body)
  if (data === undefined) throw new CommandError('the swarm gives no join token', { host: manager.name })
  return new Secret('join token', role === 'manager' ? data.JoinTokens.Manager : data.JoinTokens.Worker)
}

/** Gives a host's node the host's name: what all else finds it by, even when the host itself is away. */
async function nameNode(ctx: RolloutContext, manager: FleetHost, host: FleetHost): Promise<void> {
  const [info] = await askEngine(ctx.on(host), ['/info'])
  const id = parseMember(info?.body)?.nodeId ?? ''
  await change(ctx, manager, id, ({ labels }) => ({ labels: { ...labels, [HOST_LABEL]: host.name } }))
}

/** Changes a node, again when somebody else (the swarm itself) has changed it meanwhile. */
export async function change(
  ctx: Pick<RolloutContext, 'on' | 'signal'>,
  manager: FleetHost,
  id: string,
  wanted: (node: SwarmNode) => Partial<Pick<SwarmNode, 'role' | 'labels'>>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const [nodes] = await askEngine(ctx.on(manager), ['/nodes'])
    const node = parseNodes(nodes?.body)?.find(each => each.id === id)
    // A node appears a moment after it has joined.
    if (node !== undefined) {
      const path = `/nodes/${id}/update?version=${node.version}`
      try {
        await tellEngine(ctx.on(manager), `cannot change node ${id}`, path, nodeSpec(node, wanted(node)))
        return
      } catch (error) {
        if (attempt >= 5 || !(error instanceof EngineRefusedError)) throw error
      }
    } else if (attempt >= 10) {
      throw new CommandError(`the swarm does not know node ${id}`, { host: manager.name })
    }
    await pause(500, ctx.signal)
  }
}

async function removeNode(ctx: RolloutContext, manager: FleetHost, id: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await tellEngine(
        ctx.on(manager),
        `cannot remove node ${id}`,
        `/nodes/${id}?force=true`,
        undefined,
        'DELETE',
      )
      return
    } catch (error) {
      // A node that was a manager until now is one for a moment more.
      if (attempt >= 10 || !(error instanceof EngineRefusedError)) throw error
      await pause(500, ctx.signal)
    }
  }
}

/** Whether hosts have no engine, or none that could be asked, yet: a plan of them is no failure. */
export const isBare = (error: unknown): boolean =>
  error instanceof HostsFailedError
    ? error.failures.every(failure => isBare(failure.error))
    : error instanceof CommandError || error instanceof LoginRefusedError
