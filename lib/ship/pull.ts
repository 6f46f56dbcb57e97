import { CommandError } from '../errors.ts'
import type { EngineName } from '../fleet/container-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { sh } from '../shell/sh.ts'
import { lastLines, tail } from '../text/last-lines.ts'
import { sshLine } from '../transport/endpoint.ts'
import type { Shipped } from './delivery.ts'
import { imageId } from '../container/host-engine.ts'

export interface PullOptions {
  readonly service: string
  /** The release's id: the image's tag on the hosts. */
  readonly release: string
  /** `registry.example/app@sha256:...` */
  readonly reference: string
  readonly hosts: readonly FleetHost[]
  readonly hostEngine: EngineName
}

/** A large image over a slow line. */
const PULL_LIMIT = 3_600_000

/**
 * Lets every host pull an image from its registry, side by side, with the host's own login to it. The engine checks the
 * digest. A host that has it asks nobody. One execution each.
 */
export const pullImage = (
  ctx: RolloutContext,
  { service, release, reference, hosts, hostEngine: engine }: PullOptions,
): Promise<ReadonlyMap<string, Shipped>> =>
  ctx.each(hosts, async host => {
    const step = `pull ${reference}`
    const started = performance.now()
    ctx.emit({ type: 'step-started', host: host.name, step })
    const command = sh`had=1
${engine} image inspect ${reference} >/dev/null 2>&1 || { had=0; ${engine} pull --quiet ${reference} >/dev/null || exit 1; }
${engine} tag ${reference} ${`fleetfile/${service}:${release}`} || exit 1
${engine} image inspect --format "fleet: $had {{.Id}} {{.Size}} {{len .RootFS.Layers}}" ${reference}`
    const result = await ctx.on(host).run(command, { root: true, anyExitCode: true, timeout: PULL_LIMIT })
    const milliseconds = Math.round(performance.now() - started)
    ctx.emit({ type: 'step-ended', host: host.name, step, exitCode: result.exitCode, milliseconds })
    const said = result.stderr.toString('utf8')
    if (result.exitCode !== 0) {
      throw new CommandError(`cannot pull ${reference}${tail(said, { width: 300 })}`, {
        host: host.name,
        hint: sshLine(host.target, `${engine} pull ${reference}`),
      })
    }
    const [line = ''] = lastLines(result.stdout.toString('utf8'), { count: 1 })
    const [, had = '', id = '', size = '', layers = ''] = line.split(' ')
    return had === '1'
      ? { bytes: 0, layers: 0, whole: false, id: imageId(id) }
      : { bytes: Number(size), layers: Number(layers), whole: true, id: imageId(id), from: reference }
  })
