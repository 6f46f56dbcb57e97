import { join } from 'node:path'
import type { ProviderCall } from '../provider.ts'
import { docker, tryDocker } from './docker.ts'
import { ensureBuilt } from './image.ts'
import { withLock } from './lock.ts'
import { cacheRecipe } from './recipe.ts'

/** The container and the volume that keep Debian packages between labs and runs. */
export const CACHE_NAME = 'fleetfile-lab-cache'
export const CACHE_PORT = 3142

/** Has the package cache running; `base` is the image VPSes start from. */
export async function ensureCache(base: string, lockDir: string, call: ProviderCall): Promise<void> {
  const { signal } = call
  const image = await ensureBuilt(
    cacheRecipe(base),
    'the package cache',
    () => Promise.resolve(base),
    lockDir,
    call,
  )
  await withLock(join(lockDir, '.cache.lock'), signal, async () => {
    const seen = await tryDocker(['inspect', '--format', '{{.State.Status}} {{.Config.Image}}', CACHE_NAME], {
      signal,
    })
    const [state, made] = seen.ok ? seen.stdout.trim().split(' ') : []
    if (made === image && state === 'running') return
    if (made === image && state !== 'paused') {
      await docker(['start', CACHE_NAME], { signal })
      return
    }
    // An older recipe's container: its packages are in the volume and stay.
    if (made !== undefined) await docker(['rm', '-f', CACHE_NAME], { signal })
    call.emit({ type: 'note', text: 'starting the package cache that all labs share' })
    await docker(
      [
        'run',
        '-d',
        '--name',
        CACHE_NAME,
        '--init',
        '--restart',
        'unless-stopped',
        '--label',
        'fleetfile.cache=1',
      ].concat(['--volume', `${CACHE_NAME}:/var/cache/apt-cacher-ng`, image]),
      { signal },
    )
  })
}

/** Puts the cache into a lab's network, at a fixed address. */
export async function connectCache(network: string, address: string, call: ProviderCall): Promise<void> {
  const args = ['network', 'connect', '--ip', address, network, CACHE_NAME]
  const result = await tryDocker(args, { signal: call.signal })
  if (result.ok || /already exists in network|already attached/.test(result.stderr)) return
  call.emit({ type: 'warning', text: `packages come without the cache: ${result.stderr.trim()}` })
}

/** Takes the cache out of a lab's network; without it the network cannot be removed. */
export async function disconnectCache(network: string, call: ProviderCall): Promise<void> {
  await tryDocker(['network', 'disconnect', '--force', network, CACHE_NAME], { signal: call.signal })
}

/** Ends the cache and forgets its packages. */
export async function removeCache(call: ProviderCall): Promise<void> {
  await tryDocker(['rm', '-f', CACHE_NAME], { signal: call.signal })
  await tryDocker(['volume', 'rm', CACHE_NAME], { signal: call.signal })
}
