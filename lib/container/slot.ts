import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { ConfigError } from '../errors.ts'
import type { EngineName } from '../fleet/container-model.ts'
import type { Kind, Resource } from '../resource/resource.ts'
import { editionOf, serviceFolder, type Manifest } from '../release/manifest.ts'
import type { Slot } from '../swap/slot.ts'
import { quote } from '../shell/quote.ts'
import { sh } from '../shell/sh.ts'

/** A slot on one host, as it is to run. */
export interface SlotWanted {
  readonly manifest: Manifest
  readonly slot: Slot
  /** What runs it; `docker` unless told. */
  readonly engine?: EngineName
  readonly host: string
  /** The host's own address; nothing is published on any other. */
  readonly address: string
  /** The slot's port on that address. */
  readonly port: number
  /** The folder of the users' logs, the same inside and outside. */
  readonly logs?: string | undefined
}

interface Seen {
  readonly status: string
  readonly runHash: string
}

/** The name of the container that a slot of a service runs in. */
export const containerName = (service: string, slot: Slot): string => `${service}-${slot}`

/** Podman keeps one file, which it begins anew. */
const logOptions = (engine: EngineName = 'docker'): string[] =>
  engine === 'podman'
    ? ['--log-driver', 'k8s-file', '--log-opt', 'max-size=50m']
    : ['--log-driver', 'json-file', '--log-opt', 'max-size=10m', '--log-opt', 'max-file=5']

/** The options of `run` for a slot, without its run hash. */
function options({ manifest, slot, host, address, port, engine, logs }: SlotWanted): string[] {
  const family = isIP(address)
  if (family === 0) {
    throw new ConfigError(`a slot is published on an IP address, ${address} is a name`, {
      host,
      hint: `set hosts.${host}.address to the address itself`,
    })
  }
  const { service, release, config, stopSeconds } = manifest
  const published = `${family === 6 ? `[${address}]` : address}:${port}:${manifest.port}`
  return [
    ['--detach', '--name', containerName(service, slot), '--hostname', host, '--restart', 'unless-stopped'],
    ['--publish', published, '--stop-timeout', String(stopSeconds)],
    ['--env-file', `${serviceFolder(service)}/${editionOf(manifest)}.env`],
    ['--env', `FLEETFILE_RELEASE=${release}`],
    ['--env', `FLEETFILE_SLOT=${slot}`, '--env', `FLEETFILE_HOST=${host}`],
    logs === undefined ? [] : ['--volume', `${logs}:${logs}`],
    ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    logOptions(engine),
    ['--label', `fleetfile.service=${service}`, '--label', `fleetfile.slot=${slot}`],
    ['--label', `fleetfile.release=${release}`, '--label', `fleetfile.config=${config}`],
    ['--label', `fleetfile.label=${manifest.label}`],
  ].flat()
}

/** Changes whenever a slot would be started in another way. */
export const runHash = (wanted: SlotWanted): string =>
  createHash('sha256')
    .update([...options(wanted), wanted.manifest.image].join('\0'))
    .digest('hex')
    .slice(0, 16)

/** Prints a slot's state and run hash, or `-` when there is no such container. */
const FORMAT = `{{.State.Status}} {{index .Config.Labels "fleetfile.run"}}`

const kind: Kind<SlotWanted, Seen> = {
  name: 'slot',
  observe: wanted =>
    wanted
      .map(({ manifest, slot, engine = 'docker' }) => {
        const name = containerName(manifest.service, slot)
        return `${engine} container inspect --format ${quote(FORMAT)} ${quote(name)} 2>/dev/null || echo -`
      })
      .join('\n'),
  parse: (output, wanted) => {
    // A failed inspect prints an empty line of its own on some engines.
    const lines = output.split('\n').filter(line => line.trim() !== '')
    return wanted.map((_, index) => {
      const [status = '-', hash = ''] = (lines[index] ?? '-').split(' ')
      return { status, runHash: hash }
    })
  },
  diff: (wanted, seen) => {
    const { label, release } = wanted.manifest
    if (seen.status === '-') return { action: 'create', detail: `start ${label} (${release})` }
    if (seen.runHash !== runHash(wanted))
      return { action: 'change', detail: `replace by ${label} (${release})` }
    return seen.status === 'running' ? undefined : { action: 'run', detail: `${seen.status} -> running` }
  },
  act: (wanted, seen) => {
    const { manifest, slot, engine = 'docker' } = wanted
    const name = containerName(manifest.service, slot)
    const hash = runHash(wanted)
    const run = sh`${engine} run --label ${`fleetfile.run=${hash}`} ${options(wanted)} ${manifest.image}`
    const clear =
      seen.status === '-'
        ? ''
        : `${engine} stop --time ${manifest.stopSeconds} ${quote(name)} >/dev/null; ${engine} rm --force ${quote(name)} >/dev/null\n`
    const same = seen.status !== '-' && seen.runHash === hash && seen.status !== 'dead'
    return [
      {
        title: `${same ? 'start' : 'run'} ${name} (${manifest.label})`,
        script: same ? `${engine} start ${quote(name)} >/dev/null` : `${clear}${run.text} >/dev/null`,
        timeout: 120 + manifest.stopSeconds,
      },
    ]
  },
}

/**
 * A slot that runs a release: a container on the host's own address. The environment comes from the edition's file,
 * so no value is ever an argument; on the host, root alone can read it back (`docker inspect`). Another release in
 * the slot is stopped first: ask the proxy before, whether anything still talks to it.
 */
export const slotResource = (wanted: SlotWanted): Resource<SlotWanted, Seen> => ({
  id: `slot ${containerName(wanted.manifest.service, wanted.slot)}`,
  kind,
  wanted,
  notify: [],
})
