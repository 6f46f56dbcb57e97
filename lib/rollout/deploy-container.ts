import { join } from 'node:path'
import { ensureCertificate } from '../container/certificate.ts'
import { dockerEngine } from '../container/engine.ts'
import type { ContainerService } from '../fleet/model.ts'
import { labPlace } from '../providers/lab/place.ts'
import type { ApplyReport, TaskContext } from '../task/context.ts'
import type { RolloutBodies } from './bodies.ts'
import { CERTIFICATE, proxiedServices, proxyResources, slotHostResources } from './container-hosts.ts'
import type { Release } from './release.ts'
import { resolveEnv } from './service-env.ts'
import { deploy, type DeployReport } from './swap.ts'
import type { SwapTarget } from './swap-target.ts'

/** A container service with the hosts it runs on and those that stand in front of it. */
export const swapTarget = (ctx: TaskContext, name: string, service: ContainerService): SwapTarget => ({
  name,
  service,
  hosts: ctx.allHosts.filter(host => host.role === service.role),
  proxies: ctx.allHosts.filter(host => host.role === service.proxy.role),
})

/** Where the fleet's own authority and certificates are kept on the operator's machine. */
export const certificateFolder = (ctx: Pick<TaskContext, 'fleet' | 'paths' | 'env'>): string =>
  ctx.fleet.provider === 'lab'
    ? join(labPlace(ctx.fleet.name, ctx).directory, 'certificates')
    : join(ctx.paths.state, 'certificates', ctx.fleet.name)

/** Brings engines and proxies of a container service to the wanted state. No slot is touched. */
export async function prepareContainerHosts(
  ctx: TaskContext,
  target: SwapTarget,
  bodies: RolloutBodies,
): Promise<ApplyReport> {
  const { role, names } = target.service.proxy
  const certificate = await ensureCertificate({
    folder: certificateFolder(ctx),
    names,
    now: ctx.now(),
    signal: ctx.signal,
  })
  const services = proxiedServices(ctx.fleet, role, ctx.allHosts)
  const config = bodies.haproxyConfig({ services, certificate: CERTIFICATE })
  return ctx.apply(
    host => [
      ...(host.role === target.service.role ? slotHostResources() : []),
      ...(host.role === role ? proxyResources(config, certificate.bundle) : []),
    ],
    [...target.hosts, ...target.proxies],
  )
}

/** Swaps a release into the idle slots of a container service. */
export async function swapIn(ctx: TaskContext, target: SwapTarget, release: Release): Promise<DeployReport> {
  const env = await resolveEnv(target.service.env ?? {}, {
    hosts: ctx.allHosts,
    secret: name => ctx.secret(name),
  })
  return deploy(ctx, {
    target,
    release,
    env: { ...env, RELEASE: release.id },
    engine: dockerEngine(),
    now: ctx.now,
  })
}
