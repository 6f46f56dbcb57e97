import { Readable } from 'node:stream'
import { ConfigError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { sh } from '../shell/sh.ts'
import { sanitise } from '../text/sanitise.ts'
import type { TaskContext } from '../task/context.ts'
import type { Release } from './release-model.ts'

/** A release as the host that runs it names it. */
interface Running {
  readonly host: FleetHost
  readonly id: string
  readonly label: string
}

/** What a host runs of a process service; undefined for nothing, or an answer that cannot be one. */
export function parseRunning(output: string): Pick<Running, 'id' | 'label'> | undefined {
  const [id = '', label = ''] = output.split('\n')
  return /^[0-9a-f]{12}$/.test(id) ? { id, label: sanitise(label).trim() || id } : undefined
}

/**
 * The release that the other hosts of a process service run, brought from one of them: the same files, whatever the
 * operator's own sources hold by now. Throws a ConfigError when they run none, or not all the same.
 */
export async function peerRelease(
  ctx: Pick<TaskContext, 'each' | 'on'>,
  service: string,
  peers: readonly FleetHost[],
): Promise<Release> {
  const current = `/srv/${service}/current`
  const ask = sh`[ ! -L ${current} ] || { basename -- "$(readlink -- ${current})"; cat ${`${current}/.fleetfile-release`}; }`
  const answers = await ctx.each(peers, async host => {
    const { stdout } = await ctx.on(host).read(ask, { root: true })
    return parseRunning(stdout.toString('utf8'))
  })
  const running = peers.flatMap((host): Running[] => {
    const answer = answers.get(host.name)
    return answer === undefined ? [] : [{ host, ...answer }]
  })
  const [first] = running
  if (first === undefined || running.some(({ id }) => id !== first.id)) {
    throw new ConfigError(
      first === undefined
        ? `no other host runs ${service}: there is nothing to catch up with`
        : `the other hosts of ${service} do not run the same release`,
      {
        issues: running.map(({ host, id, label }) => `${host.name}: ${label} (${id})`),
        hint: `fleet deploy ${service}`,
      },
    )
  }
  const folder = `/srv/${service}/releases/${first.id}`
  const { stdout } = await ctx
    .on(first.host)
    .read(sh`tar -C ${folder} --exclude=./.fleetfile-release -cf - .`, { root: true, timeout: 600_000 })
  return { id: first.id, label: first.label, archive: () => Readable.from([stdout]) }
}
