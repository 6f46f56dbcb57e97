import { z } from 'zod'
import { CommandError, ConfigError } from '../errors.ts'
import { editionOf, serviceFolder, type Manifest } from '../release/manifest.ts'
import type { HostContext } from '../rollout/rollout-context.ts'
import { sh, type Command } from '../shell/sh.ts'
import { askEngine, tellEngine } from './engine-api.ts'
import { secretName, type SwarmParts } from './service-spec.ts'
import { START_SCRIPT, startScriptName } from './start-script.ts'
import type { SwarmView } from './view.ts'

type Parts = Omit<SwarmParts, 'replicas'>

/**
 * Gives the swarm an edition's environment as a secret, from the file that is on the host already, and the script that
 * containers start with; says what the image starts. What is there is taken as it is.
 */
export function partsCommand(manifest: Manifest): Command {
  const { service, image } = manifest
  const secret = secretName(manifest)
  const file = `${serviceFolder(service)}/${editionOf(manifest)}.env`
  const label = `fleetfile.service=${service}`
  const script = startScriptName()
  return sh`set -eu
secret=$(docker secret inspect --format '{{.ID}}' ${secret} 2>/dev/null) || secret=
# A secret cannot be empty, an environment can.
[ -n "$secret" ] || secret=$({ cat ${file}; echo; } | docker secret create --label ${label} ${secret} -)
script=$(docker config inspect --format '{{.ID}}' ${script} 2>/dev/null) || script=
[ -n "$script" ] || script=$(docker config create --label fleetfile.start=script ${script} -)
echo "secret $secret"; echo "script $script"
docker image inspect --format 'command {{json .Config.Entrypoint}} {{json .Config.Cmd}}' ${image}
c=$(docker container create --entrypoint /bin/sh ${image})
if docker container cp "$c:/bin/sh" - >/dev/null 2>&1; then echo 'shell yes'; else echo 'shell no'; fi
docker container rm "$c" >/dev/null`.input(START_SCRIPT)
}

const words = z.array(z.string()).nullable()

/** Reads what it printed. */
export function parseParts(output: string, host: string): Parts {
  const [, secret] = /^secret (\w+)$/m.exec(output) ?? []
  const [, script] = /^script (\w+)$/m.exec(output) ?? []
  const [, entry = 'null', args = 'null'] = /^command (null|\[.*?\]) (null|\[.*\])$/m.exec(output) ?? []
  if (secret === undefined || script === undefined) {
    throw new CommandError('the swarm took neither secret nor script', { host, hint: 'fleet status' })
  }
  if (!/^shell yes$/m.test(output)) {
    throw new ConfigError(
      'the image has no /bin/sh: a swarm hands the environment over as a file, which a shell reads before the program starts',
      { hint: "build the image on one with a shell, or leave out `placement: 'swarm'`" },
    )
  }
  const command = [...(words.parse(JSON.parse(entry)) ?? []), ...(words.parse(JSON.parse(args)) ?? [])]
  if (command.length > 0) return { secret, script, command }
  throw new ConfigError('the image says neither ENTRYPOINT nor CMD: there is nothing to start')
}

/** Sees to it that the swarm has what an edition needs beside its image. */
export async function ensureParts(host: HostContext, manifest: Manifest): Promise<Parts> {
  const { stdout } = await host.run(partsCommand(manifest), { root: true, timeout: 120_000 })
  return parseParts(stdout.toString('utf8'), host.host.name)
}

const listSchema = z.array(z.object({ ID: z.string() }))

/** The ids of a service's secrets that neither of its slots uses, nor goes back to by itself. Pure. */
export function unusedSecrets(body: unknown, { slots }: SwarmView): readonly string[] {
  const used = JSON.stringify(Object.values(slots).map(slot => [slot?.spec, slot?.previous]))
  return (listSchema.safeParse(body).data ?? []).map(({ ID }) => ID).filter(id => !used.includes(id))
}

/** Takes old editions' secrets away. They are on the hosts still: a rollback to one of these gives it back. */
export async function pruneSecrets(host: HostContext, service: string, view: SwarmView): Promise<void> {
  const filter = encodeURIComponent(JSON.stringify({ label: [`fleetfile.service=${service}`] }))
  const [secrets] = await askEngine(host, [`/secrets?filters=${filter}`])
  for (const id of unusedSecrets(secrets?.body, view)) {
    await tellEngine(host, 'cannot remove an old secret', `/secrets/${id}`, undefined, 'DELETE')
  }
}
