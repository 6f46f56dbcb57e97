import prettyBytes from 'pretty-bytes'
import { ConfigError } from '../errors.ts'
import type { EngineName } from '../fleet/container-model.ts'
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

/**
 * How often an engine has a new layer on its disks, at most. Docker unpacks the file beside the layers that it makes of
 * it, and containerd keeps both. Podman writes the file down first, unpacks it, and copies each layer before it makes one of it
 * (seen with 4.3 and 5.4).
 */
const COPIES: Readonly<Record<EngineName, number>> = { docker: 2, podman: 4 }

/** Throws a ConfigError where an image would not fit: before anything is sent. */
export function checkRoom(state: HostEngine, tag: string, needed: RoomNeeded, host: FleetHost): void {
  const images = COPIES[state.engine] * needed.unpacked + SPARE
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
      hint: sshLine(host.target, `${state.engine} image prune --force`),
    })
  }
}
