import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { runCli, type RunTask } from '../../bin/cli.ts'
import type { TaskEntry } from '../../lib/task/entry.ts'
import { runOffline } from './offline.ts'

/** This repository, which is the package when its source runs. */
export const repository = join(import.meta.dirname, '../..')

const home = mkdtempSync(join(tmpdir(), 'fleet-home-'))

export interface CliOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly tasks?: readonly TaskEntry[]
  readonly runTask?: RunTask
  readonly signal?: AbortSignal
  readonly stdout?: Capture
}

export interface CliResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** A stream that keeps what is written to it, and may say that it is a terminal. */
export class Capture extends Writable {
  text = ''
  readonly isTTY: boolean
  readonly columns: number
  readonly rows: number

  constructor({ isTTY = false, columns = 100, rows = 24 } = {}) {
    super()
    this.isTTY = isTTY
    this.columns = columns
    this.rows = rows
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.text += chunk.toString()
    done()
  }
}

/** Runs `fleet` with these arguments in this process. Tasks run offline: any use of a host fails. */
export async function cli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const stdout = options.stdout ?? new Capture()
  const stderr = new Capture()
  const exitCode = await runCli(
    {
      argv,
      env: options.env ?? {},
      cwd: options.cwd ?? repository,
      home,
      stdin: new PassThrough(),
      stdout,
      stderr,
      signal: options.signal ?? new AbortController().signal,
      now: () => new Date(),
    },
    {
      places: { root: repository, code: repository },
      runTask: options.runTask ?? runOffline,
      ...(options.tasks === undefined ? {} : { tasks: options.tasks }),
    },
  )
  return { stdout: stdout.text, stderr: stderr.text, exitCode }
}
