import { UsageError } from '../../errors.ts'

const LAB = /^[a-z][a-z0-9-]{0,20}$/
const HOST = /^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/

/** The label that every container and network of a lab carries. */
export const LAB_LABEL = 'fleetfile.lab'

/** Refuses a name that could not be a lab's. */
export function checkLabName(name: string): string {
  if (LAB.test(name)) return name
  throw new UsageError(
    `"${name}" cannot be a lab's name: a letter, then at most 20 letters, digits and dashes`,
    {
      hint: 'FLEET_LAB=demo fleet lab up',
    },
  )
}

/** Refuses a name that could not be a host's. */
export function checkHostName(name: string): string {
  if (HOST.test(name)) return name
  throw new UsageError(`"${name}" cannot be a host's name: small letters, digits and inner dashes`, {
    hint: 'rename the host in the fleet file',
  })
}

/** The container that is this host. */
export const containerName = (lab: string, host: string): string => `fleet-${lab}-${host}`

/** The network that the lab's hosts share. */
export const networkName = (lab: string): string => `fleet-${lab}`
