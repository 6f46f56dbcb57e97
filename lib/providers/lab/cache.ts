import { join } from 'node:path'
import type { ProviderCall } from '../provider.ts'
import { docker, tryDocker } from './docker.ts'
import { ensureBuilt } from './image.ts'
import { withLock } from '../../lease/local-lock.ts'
import { cacheRecipe } from './recipe.ts'

/** The container and the volume that keep Debian packages between labs and runs. */
export const CACHE_NAME = 'fleetfile-lab-cache'
export const CACHE_PORT = 3142

/** Has the cache fetch its indexes while it has one client: many that ask for an old one at once can hang. */
const FETCH_INDEXES = `awk '$1 == "deb" { print $2 "/dists/" $3 "/InRelease" }' /etc/apt/sources.list | while read -r url; do
  curl --silent --output /dev/null --max-time 20 --retry 5 --retry-connrefused --proxy http://127.0.0.1:${CACHE_PORT} "$url"
done`

/**
 * Has the package cache running; `from` makes the image that it stands on: one for the labs of every Debian. A cache of another recipe that
 * runs is left alone, because other labs are connected to it.
 */
export async function ensureCache(
  from: () => Promise<string>,
  lockDir: string,
  call: ProviderCall,
): Promise<void> {
  const { signal } = call
  if ((await cacheState(call)) === 'running') return
  const base = await from()
  const image = await ensureBuilt(
    cacheRecipe(base),
    'the package cache',
    () => Promise.resolve(base),
    lockDir,
    call,
  )
  await withLock(join(lockDir, '.cache.lock'), signal, async () => {
    const state = await cacheState(call)
    if (state === 'running') return
    if (state !== undefined) {
      await docker([state === 'paused' ? 'unpause' : 'start', CACHE_NAME], { signal })
    } else {
      call.emit({ type: 'note', text: 'starting the package cache that all labs share' })
      const volume = `--volume=${CACHE_NAME}:/var/cache/apt-cacher-ng`
      const options = [
        `--name=${CACHE_NAME}`,
        '--init',
        '--restart=unless-stopped',
        '--label=fleetfile.cache=1',
      ]
      await docker(['run', '--detach', ...options, volume, image], { signal })
    }
    await tryDocker(['exec', CACHE_NAME, 'sh', '-c', FETCH_INDEXES], { signal })
  })
}

async function cacheState(call: ProviderCall): Promise<string | undefined> {
  const args = ['inspect', '--type=container', '--format', '{{.State.Status}}', CACHE_NAME]
  const { ok, stdout } = await tryDocker(args, { signal: call.signal })
  return ok ? stdout.trim() : undefined
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
