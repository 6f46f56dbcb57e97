import { isPairTarget, type Swap } from '../swap/swap-target.ts'

/**
 * Takes the slots of hosts in quarantine out of every proxy, where they are not yet: they get no request, not even after
 * a reload or a restart of the proxy, until `fleet catch-up` puts them back.
 */
export async function takeOut({
  ctx,
  target,
  proxies,
}: Pick<Swap, 'ctx' | 'target' | 'proxies'>): Promise<void> {
  const away = new Set((target.away ?? []).map(({ name }) => name))
  // A pair's host that does not answer may be the one that serves: it is left to the flip.
  if (away.size === 0 || ctx.planOnly || isPairTarget(target)) return
  await Promise.all(
    proxies.map(async proxy => {
      const servers = (await proxy.read()).filter(({ host, admin }) => away.has(host) && admin !== 'maint')
      await proxy.set(servers.map(({ name }) => ({ server: name, admin: 'maint' as const })))
    }),
  )
}
