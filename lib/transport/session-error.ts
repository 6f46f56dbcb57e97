import { ConnectError, type FleetError } from '../errors.ts'
import { login } from './endpoint.ts'
import { masterError, spoken } from './openssh-error.ts'
import type { Target } from './transport.ts'

/** The exit code of ssh itself, and of a command that chose it. */
const OWN = 255

/**
 * Why an `ssh` has failed by itself; undefined when the code is that of the shell or the command. `log` is what it said
 * with LogLevel DEBUG1, `timeout` the milliseconds that connecting may take.
 */
export function sessionError(
  target: Target,
  exitCode: number,
  log: string,
  timeout: number,
): FleetError | undefined {
  if (exitCode !== OWN || /^debug1: client_input_channel_req: .* rtype exit-(status|signal)/m.test(log))
    return undefined
  if (!/^debug1: Entering interactive session/m.test(log)) return masterError(target, log, timeout)
  const words = spoken(log).at(-1)
  return new ConnectError(
    `the connection to ${login(target)} was lost${words === undefined ? '' : `: ${words}`}`,
    { host: target.name, hint: `fleet ssh ${target.name}` },
  )
}
