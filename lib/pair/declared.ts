import type { PairService } from '../fleet/pair-model.ts'
import { hasLive } from '../fleet/pair-model.ts'
import { processResources } from '../rollout/processes.ts'
import type { Resource } from '../resource/resource.ts'
import { Secret } from '../shell/secret.ts'
import { bootResources } from './introduce.ts'

/** What any release of a pair puts on its hosts, by name: what is in it is not asked. */
export const pairDeclared = (fleet: string, name: string, service: PairService): readonly Resource[] => [
  ...processResources({
    fleet,
    name,
    service,
    release: { id: '0'.repeat(12), label: '' },
    archive: new Uint8Array(),
    env: new Secret('environment', ''),
    migrates: false,
    runService: '',
    runOnce: '',
    runLive: '',
  }),
  ...(hasLive(service)
    ? bootResources(
        name,
        { answerLive: () => '', bootLive: () => '' },
        { address: '', port: 22, known: '', key: '', from: [] },
      )
    : []),
]
