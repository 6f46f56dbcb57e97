import type { AdmissionChange, Proxy } from './proxy.ts'

/** What became of a change on all proxies. */
export interface Admitted {
  /** The hosts of proxies on which anything was otherwise before. */
  readonly changed: readonly string[]
}

/**
 * Tells all proxies of a service the same, or none: when one fails, those that took it are put back before its error is
 * thrown, by `anyhow`: the same ones, which work also when the run was told to stop. All are read before the first is told.
 */
export async function admitAll(
  proxies: readonly Proxy[],
  change: AdmissionChange,
  anyhow: readonly Proxy[] = proxies,
): Promise<Admitted> {
  const before = await Promise.all(proxies.map(proxy => proxy.admission()))
  const ends = await Promise.allSettled(proxies.map(proxy => proxy.admit(change)))
  const failed = ends.find(end => end.status === 'rejected')
  if (failed !== undefined) {
    // One that failed may have taken it all the same.
    await Promise.allSettled(
      anyhow.map((proxy, index) =>
        proxy.admit({
          ...(change.maintenance === undefined ? {} : { maintenance: before[index]?.maintenance ?? false }),
          ...(change.holdSeconds === undefined ? {} : { holdSeconds: 0 }),
        }),
      ),
    )
    throw failed.reason
  }
  const changed = proxies.filter((_, index) => {
    const end = ends[index]
    return end?.status === 'fulfilled' && end.value
  })
  return { changed: changed.map(({ host }) => host) }
}
