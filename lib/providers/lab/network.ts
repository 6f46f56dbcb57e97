import { networkInterfaces } from 'node:os'
import { ApiError } from '../../errors.ts'
import type { ProviderCall } from '../provider.ts'
import { docker, dockerError, tryDocker } from './docker.ts'
import { LAB_LABEL, networkName } from './names.ts'
import { freeSubnets } from './subnet.ts'

const SUBNETS = '{{range .IPAM.Config}}{{.Subnet}} {{end}}'
const TAKEN = /overlaps|already in use|conflicts with network|already exists/i

/** The subnet of the lab's network, which is made when it is missing. */
export async function ensureNetwork(lab: string, call: ProviderCall): Promise<string> {
  const { signal } = call
  const name = networkName(lab)
  const existing = await subnetOf(lab, call)
  if (existing !== undefined) return existing
  for (const subnet of freeSubnets(lab, await usedSubnets(call))) {
    const args = ['network', 'create', '--subnet', subnet, '--label', `${LAB_LABEL}=${lab}`, name]
    const made = await tryDocker(args, { signal })
    if (made.ok) return subnet
    // Another lab may have taken it since we looked.
    if (!TAKEN.test(made.stderr)) throw dockerError(args, made.stderr)
  }
  throw new ApiError('no network of 10.83.0.0/16 is free for the lab', {
    hint: `docker network ls --filter label=${LAB_LABEL}`,
  })
}

/** The subnet of the lab's network, when there is one. */
export async function subnetOf(lab: string, call: ProviderCall): Promise<string | undefined> {
  const args = ['network', 'inspect', '--format', SUBNETS, networkName(lab)]
  const { ok, stdout } = await tryDocker(args, { signal: call.signal })
  return ok ? stdout.trim().split(' ')[0] : undefined
}

async function usedSubnets(call: ProviderCall): Promise<readonly string[]> {
  const { signal } = call
  const ids = (await docker(['network', 'ls', '-q'], { signal })).split('\n')
  // One that goes away between the two calls fails the inspection of none of the others.
  const { stdout } = await tryDocker(['network', 'inspect', '--format', SUBNETS, ...ids], { signal })
  const local = Object.values(networkInterfaces()).flatMap(entries =>
    (entries ?? []).flatMap(entry => entry.cidr ?? []),
  )
  return [...stdout.split(/\s+/), ...local].filter(subnet => /^[\d.]+\/\d+$/.test(subnet))
}

/** Removes the lab's network. */
export async function removeNetwork(lab: string, call: ProviderCall): Promise<void> {
  const args = ['network', 'rm', networkName(lab)]
  const { ok, stderr } = await tryDocker(args, { signal: call.signal })
  if (!ok && !/no such network|not found/i.test(stderr)) throw dockerError(args, stderr)
}
