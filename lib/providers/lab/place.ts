import { join } from 'node:path'
import { checkDebian, type Debian, DEFAULT_DEBIAN } from './debian.ts'

/** What decides which lab is meant and where its own files lie. */
export interface LabPlace {
  readonly name: string
  /** Keys, pinned host keys, secrets and the sample service's repository of this lab. */
  readonly directory: string
}

/** The lab of a fleet: named after the fleet, or by FLEET_LAB, so that several stand side by side. */
export function labPlace(
  fleetName: string,
  environment: {
    readonly paths: { readonly state: string }
    readonly env: Readonly<Record<string, string | undefined>>
  },
): LabPlace {
  const name = environment.env.FLEET_LAB ?? fleetName
  return { name, directory: join(environment.paths.state, 'labs', name) }
}

/** What a lab's new hosts are: by FLEET_LAB_DEBIAN. Throws a UsageError for a release that it cannot have. */
export const labDebian = (env: Readonly<Record<string, string | undefined>>): Debian =>
  checkDebian(env.FLEET_LAB_DEBIAN || DEFAULT_DEBIAN)
