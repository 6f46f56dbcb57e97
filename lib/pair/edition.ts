import { createHash } from 'node:crypto'
import type { EnvValues } from '../container/env-file.ts'
import type { PairService } from '../fleet/pair-model.ts'
import { configHash, editionOf } from '../release/manifest.ts'
import { shellEnvFile } from '../rollout/service-env.ts'
import type { Edition } from '../swap/edition.ts'

/** The edition that a release of a pair makes: all that is put on its host beside the code counts. */
export function pairEdition(
  { proxy: { port, health }, programs, cron, packages, directories, postgres, rabbitmq }: PairService,
  release: string,
  values: EnvValues,
  stopSeconds: number,
): Edition {
  const texts = Object.entries(values).map(
    ([key, value]) => [key, typeof value === 'number' ? String(value) : value] as const,
  )
  const env = shellEnvFile(Object.fromEntries(texts))
  const own = JSON.stringify([programs, cron, packages, directories, postgres, rabbitmq])
  const config = createHash('sha256')
    .update(`${configHash({ port, stopSeconds, health }, {}, env)}\0${own}`)
    .digest('hex')
    .slice(0, 8)
  return { config, edition: editionOf({ release, config }), env, port, health }
}
