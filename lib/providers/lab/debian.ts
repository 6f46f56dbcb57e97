import { UsageError } from '../../errors.ts'
import { unknown } from '../../suggest.ts'

/** The Debian releases that a lab's hosts can be, and the tags that registries know them by. */
const TAGS = { bookworm: '12', trixie: '13' } as const

/** A Debian release by its code name. */
export type Debian = keyof typeof TAGS

/** What hosts are when nobody asks for another. */
export const DEFAULT_DEBIAN: Debian = 'bookworm'

const isDebian = (name: string): name is Debian => Object.hasOwn(TAGS, name)

/** Refuses a name that is no release that a lab can have. */
export function checkDebian(name: string): Debian {
  if (isDebian(name)) return name
  throw new UsageError(unknown('Debian release', name, Object.keys(TAGS)), {
    hint: 'FLEET_LAB_DEBIAN=trixie fleet lab up',
  })
}

/** The bare image in a registry. */
export const registryImage = (debian: Debian): string => `debian:${TAGS[debian]}`

/** The bare image on this machine, wherever it came from. */
export const rootImage = (debian: Debian): string => `fleetfile-lab-root:${debian}`
