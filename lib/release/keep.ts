import type { Keep } from '../fleet/container-model.ts'

export const KEEP_RELEASES = 5

/** One release with one configuration, as a host holds it. */
export interface HeldEdition {
  readonly edition: string
  /** `sha256:...` */
  readonly image: string
  /** ISO 8601. */
  readonly created: string
  /** Bytes that its image alone takes; undefined where the host has the image no more. */
  readonly bytes: number | undefined
}

/** What a host holds of a service. */
export interface Held {
  readonly editions: readonly HeldEdition[]
  /** Editions and images that a slot runs, ran last, or would go back to. */
  readonly used: ReadonlySet<string>
  /** Editions that have served, by the host's history. */
  readonly served: ReadonlySet<string>
}

/** What may go from a host: editions, and images that no edition left needs. */
export interface Spare {
  readonly editions: readonly string[]
  readonly images: readonly string[]
}

const BYTES = { MB: 1e6, GB: 1e9 } as const

/** The bytes of a size like `1.5GB`. */
export function bytesOf(size: NonNullable<Keep['size']>): number {
  const unit = size.endsWith('GB') ? 'GB' : 'MB'
  return Number(size.slice(0, -2)) * BYTES[unit]
}

/** Newest first. */
const byAge = (a: HeldEdition, b: HeldEdition): number => Date.parse(b.created) - Date.parse(a.created)

/**
 * The last release that has served and that every host could start, beside those in its slots: the way back that is left
 * when a host has lost its own. One that never came to serve is no way back.
 */
export function lastShared(hosts: readonly Held[]): string | undefined {
  const [first, ...others] = hosts
  return [...(first?.editions ?? [])]
    .toSorted(byAge)
    .filter(({ edition, bytes }) => bytes !== undefined && !hosts.some(({ used }) => used.has(edition)))
    .filter(({ edition }) => hosts.some(({ served }) => served.has(edition)))
    .find(({ edition }) =>
      others.every(host => host.editions.some(each => each.edition === edition && each.bytes !== undefined)),
    )?.edition
}

/**
 * What each host may let go: the oldest releases above the number that is kept, and above the room that they may take.
 * Never what a slot uses, and never the last release that all hosts share.
 */
export function spare(hosts: ReadonlyMap<string, Held>, keep: Keep): ReadonlyMap<string, Spare> {
  const shared = lastShared([...hosts.values()])
  return new Map([...hosts].map(([name, held]) => [name, spareOf(held, shared, keep)] as const))
}

function spareOf(
  { editions, used, served }: Held,
  shared: string | undefined,
  { releases = KEEP_RELEASES, size }: Keep,
): Spare {
  // One that never served goes first: it is no way back.
  const rank = ({ edition }: HeldEdition): number => (served.has(edition) ? 0 : 1)
  const sorted = [...editions].toSorted((a, b) => rank(a) - rank(b) || byAge(a, b))
  const safe = ({ edition, image }: HeldEdition): boolean =>
    used.has(edition) || used.has(image) || edition === shared
  const kept = new Set(sorted.filter(safe))
  for (const each of sorted) if (kept.size < releases) kept.add(each)
  const room = size === undefined ? Infinity : bytesOf(size)
  const taken = (): number => {
    const images = new Map([...kept].map(({ image, bytes = 0 }) => [image, bytes]))
    return [...images.values()].reduce((sum, bytes) => sum + bytes, 0)
  }
  for (const each of sorted.toReversed()) if (taken() > room && !safe(each)) kept.delete(each)
  const gone = sorted.filter(each => !kept.has(each))
  const needed = new Set([...kept].map(({ image }) => image))
  return {
    editions: gone.map(({ edition }) => edition),
    images: [...new Set(gone.filter(({ bytes }) => bytes !== undefined).map(({ image }) => image))].filter(
      image => !needed.has(image),
    ),
  }
}
