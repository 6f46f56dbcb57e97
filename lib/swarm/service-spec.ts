import { createHash } from 'node:crypto'
import { containerName } from '../container/slot.ts'
import type { ContainerService } from '../fleet/model.ts'
import { editionOf, type Manifest } from '../release/manifest.ts'
import type { Slot } from '../swap/slot.ts'
import { awayLabel } from './node.ts'
import { IN_CONTAINER, startScriptName } from './start-script.ts'

/** A slot of a service, as a swarm is to run it. */
export interface SwarmSlot {
  readonly service: ContainerService
  readonly manifest: Manifest
  readonly slot: Slot
  /** The folder of its users' logs, the same inside and outside. */
  readonly logs?: string | undefined
}

/** What the swarm keeps for a slot, by the ids it gave. */
export interface SwarmParts {
  readonly secret: string
  readonly script: string
  /** The image's own entry point and command. */
  readonly command: readonly string[]
  /** How many containers in all. */
  readonly replicas: number
}

/** Names a service's environment in the swarm. Secrets there cannot be changed: each edition has its own. */
export const secretName = (manifest: Manifest): string => `${manifest.service}-${editionOf(manifest)}`

/** Seconds between two checks, that one may take, and that Swarm looks at a container after it has begun to run. */
const CHECK = { every: 5, within: 5, monitor: 2 } as const

/** Longer than any deploy waits: until then it is not Swarm that says why a container does not become healthy. */
const START_SECONDS = 600

const nanoseconds = (seconds: number): number => seconds * 1e9

/** What of the specification does not depend on the swarm. */
function containerSpec({ service, manifest, slot, logs }: SwarmSlot) {
  const { release, config, label, stopSeconds, port, image, health = service.health } = manifest
  const name = service.proxy.names[0] ?? 'localhost'
  return {
    Image: image,
    Labels: {
      'fleetfile.service': manifest.service,
      'fleetfile.slot': slot,
      'fleetfile.release': release,
      'fleetfile.config': config,
      'fleetfile.label': label,
    },
    Command: ['/bin/sh', IN_CONTAINER.script, 'run'],
    Hostname: '{{.Node.Hostname}}',
    Env: [`FLEETFILE_RELEASE=${release}`, `FLEETFILE_SLOT=${slot}`, 'FLEETFILE_HOST={{.Node.Hostname}}'],
    StopGracePeriod: nanoseconds(stopSeconds),
    CapabilityDrop: ['ALL'],
    // Engines before 27 know it for single containers only, and pass over it.
    Privileges: { NoNewPrivileges: true },
    Healthcheck: {
      Test: ['CMD', '/bin/sh', IN_CONTAINER.script, 'health', String(port), health, name],
      Interval: nanoseconds(CHECK.every),
      Timeout: nanoseconds(CHECK.within),
      Retries: 3,
      StartPeriod: nanoseconds(START_SECONDS),
    },
    ...(logs === undefined ? {} : { Mounts: [{ Type: 'bind', Source: logs, Target: logs }] }),
  }
}

/** Changes whenever a slot would be started in another way. */
export const swarmRun = (wanted: SwarmSlot): string =>
  createHash('sha256')
    .update(JSON.stringify([containerSpec(wanted), wanted.service.slots[wanted.slot], startScriptName()]))
    .digest('hex')
    .slice(0, 16)

const fileOf = (path: string) => ({ Name: path, UID: '0', GID: '0', Mode: 0o444 })

/**
 * The whole service of a slot, as an engine's interface takes it. One container a host at most: each publishes the slot's
 * port there, where the proxies know it. Swarm places, checks and restarts them, and puts an update that fails back.
 */
export function serviceSpec(wanted: SwarmSlot, { secret, script, command, replicas }: SwarmParts) {
  const { service, manifest, slot } = wanted
  const container = containerSpec(wanted)
  const labels = { ...container.Labels, 'fleetfile.run': swarmRun(wanted) }
  return {
    Name: containerName(manifest.service, slot),
    Labels: labels,
    TaskTemplate: {
      ContainerSpec: {
        ...container,
        Labels: labels,
        Args: command,
        Secrets: [
          {
            SecretID: secret,
            SecretName: secretName(manifest),
            File: fileOf(IN_CONTAINER.environment.replace('/run/secrets/', '')),
          },
        ],
        Configs: [{ ConfigID: script, ConfigName: startScriptName(), File: fileOf(IN_CONTAINER.script) }],
      },
      RestartPolicy: { Condition: 'any', Delay: nanoseconds(2), MaxAttempts: 0 },
      Placement: {
        MaxReplicas: 1,
        Constraints: [`node.labels.${awayLabel(manifest.service)} != yes`],
      },
      LogDriver: { Name: 'json-file', Options: { 'max-size': '10m', 'max-file': '5' } },
    },
    Mode: { Replicated: { Replicas: replicas } },
    // All at once: nothing is sent to this slot yet, and its port is free only when its old container has ended.
    UpdateConfig: {
      Parallelism: 0,
      FailureAction: 'rollback',
      Monitor: nanoseconds(CHECK.monitor),
      MaxFailureRatio: 0,
      Order: 'stop-first',
    },
    RollbackConfig: {
      Parallelism: 0,
      FailureAction: 'pause',
      Monitor: nanoseconds(CHECK.monitor),
      MaxFailureRatio: 0,
      Order: 'stop-first',
    },
    EndpointSpec: {
      Mode: 'dnsrr',
      Ports: [
        {
          Protocol: 'tcp',
          TargetPort: manifest.port,
          PublishedPort: service.slots[slot],
          PublishMode: 'host',
        },
      ],
    },
  }
}
