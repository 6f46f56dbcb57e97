import type { Fleet } from '../fleet/model.ts'
import type { Environment } from '../task/environment.ts'
import { labDebian, labPlace } from './lab/place.ts'
import type { Provider } from './provider.ts'
import { staticProvider } from './static.ts'

/** The fleet's provider. Heavy ones are loaded only when they are the one. */
export async function chooseProvider(fleet: Fleet, environment: Environment): Promise<Provider> {
  switch (fleet.provider) {
    case 'static':
      return staticProvider
    case 'lab': {
      const { labProvider } = await import('./lab/lab.ts')
      const { name, directory } = labPlace(fleet.name, environment)
      return labProvider({ name, dir: directory, debian: labDebian(environment.env) })
    }
  }
}
