import { ConfigError } from '../errors.ts'
import { openPorts } from '../fleet/ports.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Resource } from '../resource/resource.ts'
import type { TaskContext } from '../task/context.ts'
import { accessBaseline, hostBaseline, type BaselineBodies } from './baseline.ts'

/** The templates that a provision renders. Given by the task, since `lib` knows no templates. */
export interface ProvisionBodies {
  sshdHardening(values: { readonly user: string }): string
  journaldLimits(values: { readonly maxUse: string }): string
  unattendedUpgrades(): string
}

const rendered = (user: string, bodies: ProvisionBodies): BaselineBodies => ({
  sshd: bodies.sshdHardening({ user }),
  journald: bodies.journaldLimits({ maxUse: '200M' }),
  unattendedUpgrades: bodies.unattendedUpgrades(),
})

/** What makes a bare machine one of the fleet. */
export interface FleetBaseline {
  /** The way in, the same on all hosts. */
  readonly access: readonly Resource[]
  /** Everything else. */
  readonly of: (host: FleetHost) => readonly Resource[]
}

/**
 * The baseline of the fleet's hosts, for the operators with these public keys. Throws ConfigError where they log in as
 * root, whose way in it closes.
 */
export function baselineOf(
  { fleet, allHosts }: Pick<TaskContext, 'fleet' | 'allHosts'>,
  keys: readonly string[],
  bodies: ProvisionBodies,
): FleetBaseline {
  const { user } = fleet.access
  if (user === 'root') {
    throw new ConfigError('access.user is root, and what fleet provisions lets root log in no more', {
      hint: "access: { user: 'deploy' } in the fleet file: fleet provision makes that login, by way of root",
    })
  }
  return {
    access: accessBaseline(user, keys),
    of: host => hostBaseline(host.target.port, openPorts(fleet, host, allHosts), rendered(user, bodies)),
  }
}
