import prettyBytes from 'pretty-bytes'
import { ConfigError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { sshLine } from '../transport/endpoint.ts'
import type { HostEngine } from '../container/host-engine.ts'

/** Room that is never to be eaten up by an image. */
const SPARE = 64 * 1024 ** 2

/** What an image takes on a host. */
export interface RoomNeeded {
  /** Bytes that are still to be written to the spool. */
  readonly spool: number
  /** Bytes of what is sent, unpacked. */
  readonly unpacked: number
}

/** Throws a ConfigError where an image would not fit: before anything is sent. */
export function checkRoom(state: HostEngine, tag: string, needed: RoomNeeded, host: FleetHost): void {
  // An engine unpacks the file beside the layers that it makes of it.
  const images = 2 * needed.unpacked + SPARE
  const shared = state.freeSpool === undefined
  const checks = shared
    ? [{ what: 'disk', needs: images + needed.spool, free: state.free }]
    : [
        { what: 'disk for images', needs: images, free: state.free },
        { what: 'disk in /var/lib/fleetfile', needs: needed.spool + SPARE, free: state.freeSpool },
      ]
  for (const { what, needs, free } of checks) {
    if (needs <= free) continue
    throw new ConfigError(`${tag} needs ${prettyBytes(needs)} of ${what}, ${prettyBytes(free)} are free`, {
      host: host.name,
      hint: sshLine(host.target, 'docker image prune --force'),
    })
  }
}
