import { envFile, type EnvValues } from '../container/env-file.ts'
import type { ContainerService } from '../fleet/model.ts'
import type { Secret } from '../shell/secret.ts'
import { configHash, editionOf, type Manifest } from '../release/manifest.ts'
import { migrationsOf } from '../migration/migrations.ts'

/** One release as it is to run: with its environment and configuration. */
export interface Edition extends Pick<Manifest, 'port' | 'health' | 'contract'> {
  readonly config: string
  /** `<release>-<config>`. */
  readonly edition: string
  readonly env: Secret
}

/** The edition that a release of a service makes with this environment. */
export function editionFor(
  service: ContainerService,
  release: string,
  values: EnvValues,
  stopSeconds: number,
): Edition {
  const env = envFile(values)
  const { port, health, buildArgs = {}, image } = service
  const { contract } = migrationsOf(service)
  const decided = { port, health, ...(contract === undefined ? {} : { contract }) }
  const config = configHash({ stopSeconds, ...decided }, buildArgs, env, image)
  return { config, edition: editionOf({ release, config }), env, ...decided }
}
