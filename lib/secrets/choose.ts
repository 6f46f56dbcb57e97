import { join } from 'node:path'
import type { Fleet } from '../fleet/model.ts'
import { labPlace } from '../providers/lab/place.ts'
import type { Environment } from '../task/environment.ts'
import { environmentSecrets } from './environment.ts'
import { fileSecrets } from './file.ts'
import type { SecretStore } from './store.ts'

/** Where the fleet's secrets come from: a lab makes its own, every other fleet takes FLEET_SECRET_<NAME>. */
export function chooseSecrets(fleet: Fleet, environment: Environment): SecretStore {
  if (fleet.provider === 'lab') {
    return fileSecrets({
      path: join(labPlace(fleet.name, environment).directory, 'secrets.json'),
      names: fleet.secrets,
      generate: true,
    })
  }
  return environmentSecrets({ names: fleet.secrets, env: environment.env })
}
