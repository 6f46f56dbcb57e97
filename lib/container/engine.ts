import type { Readable } from 'node:stream'
import { execa } from 'execa'
import { AbortedError, CommandError, ConfigError } from '../errors.ts'
import { tail } from '../text/last-lines.ts'
import { LineSplitter } from '../text/line-splitter.ts'
import { sanitise } from '../text/sanitise.ts'

export interface EngineOptions {
  readonly signal: AbortSignal
  readonly stdin?: Readable
  readonly env?: Readonly<Record<string, string>>
  /** Gets the output line by line as it comes. */
  readonly onLine?: (line: string) => void
}

/** The container engine of the operator's machine, through its own client. */
export interface Engine {
  /** Runs `docker ...args` and gives its stdout; throws CommandError with the last lines of its output. */
  run(args: readonly string[], options: EngineOptions): Promise<string>
  /** Runs `docker ...args` with its stdout going to a file. */
  save(args: readonly string[], file: string, options: EngineOptions): Promise<void>
}

/** The engine behind the `docker` command. */
export function dockerEngine(command = 'docker'): Engine {
  const run = async (
    args: readonly string[],
    { signal, stdin, onLine, env }: EngineOptions,
    file?: string,
  ) => {
    const child = execa(command, args, {
      ...(stdin === undefined ? { stdin: 'ignore' as const } : { input: stdin }),
      ...(file === undefined ? {} : { stdout: { file } }),
      // BuildKit's redrawn progress is of no use in events.
      env: { BUILDKIT_PROGRESS: 'plain', ...env },
      buffer: file === undefined,
      stripFinalNewline: false,
      reject: false,
      cancelSignal: signal,
    })
    let errors = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-16_384)))
    if (onLine !== undefined) {
      for (const from of [child.stdout, child.stderr]) if (from !== null) eachLine(from, onLine)
    }
    const result = await child
    if (signal.aborted) throw new AbortedError('interrupted')
    if (result.code === 'ENOENT') {
      throw new ConfigError(`there is no ${command} on this machine`, {
        hint: 'install Docker where releases are built: https://docs.docker.com/engine/install/',
      })
    }
    const stdout = typeof result.stdout === 'string' ? result.stdout : ''
    if (result.failed) {
      const said = tail(`${stdout}\n${errors}`, { width: 300 })
      throw new CommandError(
        `${command} ${args[0] ?? ''} failed (exit code ${result.exitCode ?? 'none'})${said}`,
        {
          hint: /daemon running|Cannot connect/.test(errors)
            ? `${command} info`
            : `${command} ${args.join(' ')}`,
        },
      )
    }
    return stdout
  }
  return {
    run: (args, options) => run(args, options),
    save: async (args, file, options) => void (await run(args, options, file)),
  }
}

function eachLine(from: Readable, onLine: (line: string) => void): void {
  const splitter = new LineSplitter()
  const tell = (lines: readonly string[]) => {
    for (const line of lines) if (line.trim() !== '') onLine(sanitise(line, 'lines'))
  }
  from.setEncoding('utf8')
  from.on('data', (text: string) => tell(splitter.push(Buffer.from(text))))
  from.on('end', () => tell(splitter.end()))
}
