import { dirname, join } from 'node:path'
import pLimit from 'p-limit'
import { UsageError } from '../../errors.ts'
import type { MachineSpec, Provider, ProviderCall } from '../provider.ts'
import { waitUntilUp } from './boot.ts'
import { CACHE_PORT, connectCache, disconnectCache, ensureCache } from './cache.ts'
import { endHost, keysDigest, makeHost, removeHost } from './container.ts'
import { type Debian } from './debian.ts'
import { docker } from './docker.ts'
import { ensureImage } from './image.ts'
import { raiseInotifyLimit } from './inotify.ts'
import { withLock } from '../../lease/local-lock.ts'
import { countRunning, type LabMachine, listMachines } from './machines.ts'
import { checkHostName, checkLabName, containerName, networkName } from './names.ts'
import { ensureNetwork, removeNetwork, subnetOf } from './network.ts'
import { resolvConf } from './resolv.ts'
import { ensureOperatorKey, removeState, writeState } from './state.ts'
import { cacheAddress, freeAddresses } from './subnet.ts'

/** Which lab, and where it keeps its files. */
export interface LabOptions {
  readonly name: string
  /** The lab's own directory; its parent also holds the locks that all labs share. */
  readonly dir: string
  /** How many hosts are made at the same time. */
  readonly concurrency?: number
  /** Without it, packages come straight from the mirrors. */
  readonly cache?: boolean
  /** What hosts that are made from now on are. */
  readonly debian?: Debian
}

/** VPSes as containers on this machine: systemd, sshd, an address and a pinned host key each. */
export function labProvider(options: LabOptions): Provider {
  const lab = checkLabName(options.name)
  const locked = <T>(call: ProviderCall, work: () => Promise<T>): Promise<T> =>
    withLock(join(dirname(options.dir), `.lab-${lab}.lock`), call.signal, work)
  return {
    name: 'lab',
    list: call => listMachines(lab, call),
    create: (specs, call) => {
      checkSpecs(specs)
      return locked(call, () => createHosts(options, specs, call))
    },
    destroy: (names, call) => locked(call, () => destroyHosts(options, names, call)),
  }
}

function checkSpecs(specs: readonly MachineSpec[]): void {
  const names = specs.map(({ name }) => checkHostName(name))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) {
    throw new UsageError(`two hosts are called "${twice}"`, { hint: 'rename one of them in the fleet file' })
  }
}

async function createHosts(options: LabOptions, specs: readonly MachineSpec[], call: ProviderCall) {
  const { name: lab, dir, concurrency = 4 } = options
  const operatorKey = await ensureOperatorKey(dir, call.signal)
  const wanted = specs.map(spec => ({
    ...spec,
    authorizedKeys: [...new Set([operatorKey, ...spec.authorizedKeys])],
  }))
  const found = await listMachines(lab, call)
  await Promise.all(
    found.filter(({ unfinished }) => unfinished).map(({ container }) => removeHost(container)),
  )
  const existing = new Map(
    found.filter(({ unfinished }) => !unfinished).map(machine => [machine.name, machine]),
  )
  const limit = pLimit(concurrency)
  const missing = wanted.filter(({ name }) => !existing.has(name))
  const works = [
    ...wanted.flatMap(spec => {
      const machine = existing.get(spec.name)
      return machine === undefined ? [] : [() => wake(machine, keysDigest(spec.authorizedKeys), call)]
    }),
    ...(await makers(options, missing, [...existing.values()], call)),
  ]
  const ends = await Promise.allSettled(works.map(work => limit(work)))
  const machines = await listMachines(lab, call)
  await writeState(dir, lab, (await subnetOf(lab, call)) ?? '', machines)
  const failed = ends.find(end => end.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return machines
}

/** One piece of work for each host that is missing. */
async function makers(
  { name: lab, dir, cache = true, debian }: LabOptions,
  missing: readonly MachineSpec[],
  existing: readonly LabMachine[],
  call: ProviderCall,
): Promise<readonly (() => Promise<void>)[]> {
  if (missing.length === 0) return []
  const image = await ensureImage(dirname(dir), call, debian)
  const subnet = await ensureNetwork(lab, call)
  if (cache) {
    await ensureCache(() => ensureImage(dirname(dir), call), dirname(dir), call)
    await connectCache(networkName(lab), cacheAddress(subnet), call)
  }
  await raiseInotifyLimit((await countRunning(call)) + missing.length, call)
  const addresses = freeAddresses(subnet, new Set(existing.map(({ address }) => address)), missing.length)
  const shared = {
    lab,
    image,
    resolvConf: await resolvConf(),
    cache: cache ? `${cacheAddress(subnet)}:${CACHE_PORT}` : '',
  }
  let up = 0
  return missing.map((spec, index) => async () => {
    const address = addresses[index] ?? ''
    const container = containerName(lab, spec.name)
    await makeHost({ ...shared, spec, address }, call)
    try {
      await waitUntilUp(container, spec.name, address, call)
    } catch (error) {
      // Left standing it would count as existing, and the next try would not repair it.
      await removeHost(container)
      throw error
    }
    up += 1
    const text = `${spec.name} is up at ${address}`
    call.emit({ type: 'progress', id: `lab-${lab}`, text, done: up, total: missing.length })
  })
}

async function wake(machine: LabMachine, digest: string, call: ProviderCall): Promise<void> {
  const { container, name: host, state, address } = machine
  if (machine.authorized !== digest) {
    const text = 'was made for other SSH keys and keeps those; to renew it: fleet lab down && fleet lab up'
    call.emit({ type: 'warning', host, text })
  }
  if (state === 'running') return
  call.emit({ type: 'note', host, text: `was ${state}: running it again` })
  await docker([state === 'paused' ? 'unpause' : 'start', container], { signal: call.signal })
  await waitUntilUp(container, host, address, call)
}

async function destroyHosts(
  { name: lab, dir }: LabOptions,
  names: readonly string[],
  call: ProviderCall,
): Promise<void> {
  const doomed = (await listMachines(lab, call)).filter(({ name }) => names.includes(name))
  const limit = pLimit(4)
  await Promise.all(
    doomed.map(({ name, container }) =>
      limit(async () => {
        await endHost(container, call)
        call.emit({ type: 'note', host: name, text: 'is gone, with its volumes' })
      }),
    ),
  )
  const left = await listMachines(lab, call)
  const subnet = await subnetOf(lab, call)
  if (left.length > 0) {
    await writeState(dir, lab, subnet ?? '', left)
    return
  }
  if (subnet !== undefined) {
    await disconnectCache(networkName(lab), call)
    await removeNetwork(lab, call)
  }
  await removeState(dir)
}
