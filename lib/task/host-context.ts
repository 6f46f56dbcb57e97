import { CommandError } from '../errors.ts'
import type { EventSink } from '../events/event.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Command } from '../shell/sh.ts'
import { revealed, Secret } from '../shell/secret.ts'
import { lastLines } from '../text/last-lines.ts'
import type { ExecResult, Transport } from '../transport/transport.ts'
import type { CommandOptions, HostContext } from './context.ts'

/** What a host context needs of its run. */
export interface HostRun {
  readonly planOnly: boolean
  readonly timeout: number
  readonly signal: AbortSignal
  readonly emit: EventSink
  connect(host: FleetHost): Promise<Transport>
  /** Called before a command that changes something. */
  onChange?(host: FleetHost, transport: Transport): void
}

/** One line as it was typed; nobody reads a whole script in an error. */
function nameOf({ text }: Command): string {
  const lines = text.trim().split('\n')
  return lines.length === 1 ? `\`${text}\`` : `a script of ${lines.length} lines`
}

/** The last lines of what a command said, for its error: stderr, or stdout where stderr is empty. */
function lastWords(result: ExecResult): string {
  const said = result.stderr.length > 0 ? result.stderr : result.stdout
  return lastLines(said.toString('utf8'))
    .map(line => `\n${line}`)
    .join('')
}

/** Runs commands on one host, over the run's shared connection. */
export function hostContext(host: FleetHost, run: HostRun): HostContext {
  const transport = () => run.connect(host)

  async function execute(command: Command, options: CommandOptions): Promise<ExecResult> {
    const connection = await transport()
    const { onStdout, onStderr, discardStdout = false, discardStderr = false } = options
    const stdin = options.stdin ?? command.stdin
    const result = await connection.exec(command.text, {
      root: options.root === true,
      timeout: options.timeout ?? run.timeout,
      ...(options.evenStopped === true ? {} : { signal: run.signal }),
      ...(onStdout === undefined ? {} : { onStdout }),
      ...(onStderr === undefined ? {} : { onStderr }),
      discardStdout,
      discardStderr,
      ...(stdin === undefined ? {} : { stdin: stdin instanceof Secret ? revealed(stdin) : stdin }),
    })
    if (result.exitCode !== 0 && options.anyExitCode !== true) {
      throw new CommandError(
        `${nameOf(command)} ended with exit code ${result.exitCode}${lastWords(result)}`,
        {
          host: host.name,
        },
      )
    }
    return result
  }

  // A host that is never reached is not touched.
  const touch = async (): Promise<void> => {
    if (!run.planOnly) run.onChange?.(host, await transport())
  }

  return {
    host,
    transport,
    touch,
    read: (command, options = {}) => execute(command, options),
    async run(command, options = {}) {
      if (run.planOnly) {
        run.emit({ type: 'note', host: host.name, text: `would run: ${command.text}` })
        return { exitCode: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
      }
      await touch()
      return execute(command, options)
    },
  }
}

/** The same host, on which commands run also when the run was told to stop: for what must not be left as it is. */
export const evenStopped = (on: HostContext): HostContext => ({
  ...on,
  read: (command, options) => on.read(command, { ...options, evenStopped: true }),
  run: (command, options) => on.run(command, { ...options, evenStopped: true }),
})
