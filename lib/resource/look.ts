import type { ExecOptions, Transport } from '../transport/transport.ts'
import { observeProgram, readObservation, type Observation } from './observe.ts'
import { checkUnique, planHost, type HostPlan } from './plan.ts'
import { delivered, newNonce, runnerFor, type Runner } from './program.ts'
import type { Resource } from './resource.ts'

/** What a host shows of these resources, by one execution that changes nothing. Throws CommandError for what cannot be seen. */
export async function look(
  transport: Transport,
  resources: readonly Resource[],
  runner: Runner,
  limit: ExecOptions,
): Promise<Observation> {
  const nonce = newNonce()
  const { command, stdin } = delivered(observeProgram(resources, nonce, runner.stateFolder))
  const result = await transport.exec(command, { ...limit, stdin, root: runner.root })
  return readObservation(transport, resources, nonce, result)
}

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
  return planHost(await look(transport, resources, runnerFor(transport.user, true), limit))
}
