import { AbortedError, CommandError } from '../errors.ts'
import { STOP, type RunRecord } from '../runs/record.ts'
import { quote } from '../shell/quote.ts'
import { tail } from '../text/last-lines.ts'
import type { ExecOptions, Transport } from '../transport/transport.ts'
import { delivered, newNonce, program, type Runner } from './program.ts'

/** Milliseconds for a host to take note of it. */
const PATIENCE = 15_000

/**
 * Asks the run's acting scripts on a host to begin no further step; where none has begun yet, none will. Who asked first
 * stays noted. Throws CommandError, ConnectError, TimeoutError; AbortedError where there is a `signal`.
 */
export async function requestStop(
  transport: Transport,
  runner: Runner,
  { id, owner }: Pick<RunRecord, 'id' | 'owner'>,
  limit: ExecOptions = {},
): Promise<void> {
  const body = `umask 077
folder=${runner.stateFolder}/runs/${id}
mkdir -p "$folder" || return 1
[ ! -e "$folder/${STOP}" ] || return 0
printf '%s\\n' ${quote(JSON.stringify({ by: owner, at: new Date().toISOString() }))} >"$folder/${STOP}.new" &&
  mv -f "$folder/${STOP}.new" "$folder/${STOP}"`
  const { command, stdin } = delivered(program(newNonce(), body))
  const result = await transport.exec(command, {
    stdin,
    root: runner.root,
    timeout: PATIENCE,
    ...limit,
  })
  if (result.exitCode === 0) return
  throw new CommandError(`cannot be told to stop${tail(result.stderr.toString('utf8'))}`, {
    host: transport.host,
    hint: `fleet abort ${id}`,
  })
}

/** A stop was asked for before the host began anything. Where it was ours, it may be that no host knows this run. */
export const stoppedBefore = (host: string, hint?: string): AbortedError =>
  new AbortedError('stopped before its first step', { host, ...(hint === undefined ? {} : { hint }) })
