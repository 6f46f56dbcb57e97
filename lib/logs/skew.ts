/** How far a host's clock is from ours, in milliseconds: ahead when positive, known to within `error`. */
export interface Skew {
  readonly ahead: number
  readonly error: number
}

/** Milliseconds that two readings of one clock may differ by: ours is cut to a whole one. */
const GRAIN = 2

/**
 * A host's clock by Cristian's method: it was read as `host` between our `sent` and `received` (all milliseconds since
 * 1970), so the middle of the two is off by half of the round trip at most,
 * and by what our clock cuts off (it counts whole milliseconds).
 */
export function measureSkew(sent: number, host: number, received: number): Skew {
  return { ahead: host - (sent + received) / 2, error: Math.max(0, (received - sent) / 2) + GRAIN }
}

/** Milliseconds that the clock is certainly wrong by, to be taken from its times; 0 within the error. */
export const knownAhead = ({ ahead, error }: Skew): number => (Math.abs(ahead) > error ? ahead : 0)
