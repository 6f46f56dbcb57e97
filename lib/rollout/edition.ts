import { envFile, type EnvValues } from '../container/env-file.ts'
import type { ContainerService } from '../fleet/model.ts'
import type { Secret } from '../shell/secret.ts'
import { configHash, editionOf } from './manifest.ts'

/** One release as it is to run: with its environment and configuration. */
export interface Edition {
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
  const config = configHash({ port: service.port, stopSeconds }, service.buildArgs ?? {}, env, service.image)
  return { config, edition: editionOf({ release, config }), env }
}
