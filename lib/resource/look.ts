import type { Transport } from '../transport/transport.ts'
import { observeProgram, readObservation } from './observe.ts'
import { checkUnique, planHost, type HostPlan } from './plan.ts'
import { delivered, newNonce, runnerFor } from './program.ts'
import type { Resource } from './resource.ts'

/**
 * What would be done to one host, as root, by one execution that changes nothing; nothing is said. Throws CommandError
 * for what cannot be seen, ConfigError for resources that contradict each other.
 */
export async function planResources(
  transport: Transport,
  resources: readonly Resource[],
  limit: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<HostPlan> {
  checkUnique(resources)
  const runner = runnerFor(transport.user, true)
  const nonce = newNonce()
  const { command, stdin } = delivered(observeProgram(resources, nonce, runner.stateFolder))
  const result = await transport.exec(command, { ...limit, stdin, root: runner.root })
  return planHost(readObservation(transport, resources, nonce, result))
}
