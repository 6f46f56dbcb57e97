import { FleetError, messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Command } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'
import { clip } from '../text/clip.ts'
import { LineSplitter } from '../text/line-splitter.ts'
import { sanitise } from '../text/sanitise.ts'
import type { Ended } from './fold.ts'
import { Output } from './output.ts'

/** Characters of a line shown at once as it comes. */
const LONGEST_LINE = 64 * 1024
/** Columns of a command where it names a step. */
const LONGEST_STEP = 60

/** A host where the command has not ended: not reached, timed out, ended by a signal. */
export interface Broken {
  readonly error: Error
}

export type HostEnd = Ended | Broken

/** Exit code of the error that broke it: 5 where the host was not reached. */
export const brokenCode = ({ error }: Broken): number => (error instanceof FleetError ? error.exitCode : 4)

export interface Everywhere {
  readonly command: Command
  readonly root: boolean
  /** Shows each line as it comes, under its host's name. */
  readonly live: boolean
  /** Told as each host ends. */
  readonly onEnd: (host: FleetHost, end: HostEnd) => void
}

/** Runs one command on the chosen hosts side by side. Rejects only when the run is stopped. */
export async function runEverywhere(ctx: TaskContext, work: Everywhere): Promise<void> {
  await ctx.each(ctx.hosts, async host => {
    const step = clip(sanitise(work.command.text), LONGEST_STEP)
    const started = performance.now()
    ctx.emit({ type: 'step-started', host: host.name, step })
    const end = await runOn(ctx, host, work)
    ctx.signal.throwIfAborted()
    if ('error' in end) {
      const outcome = brokenCode(end) === 5 ? 'unreachable' : 'failed'
      ctx.emit({ type: 'host-ended', host: host.name, outcome, changed: 0, reason: messageOf(end.error) })
    } else {
      const milliseconds = Math.round(performance.now() - started)
      ctx.emit({ type: 'step-ended', host: host.name, step, exitCode: end.exitCode, milliseconds })
    }
    work.onEnd(host, end)
  })
}

async function runOn(
  ctx: TaskContext,
  host: FleetHost,
  { command, root, live }: Everywhere,
): Promise<HostEnd> {
  const output = new Output()
  const stdout = new LineSplitter(LONGEST_LINE)
  const stderr = new LineSplitter(LONGEST_LINE)
  const show = {
    stdout: (lines: readonly string[]) => {
      if (lines.length > 0) ctx.print(lines.map(line => `${host.name}: ${sanitise(line)}`).join('\n'))
    },
    stderr: (lines: readonly string[]) => {
      for (const line of lines) ctx.note(line, host)
    },
  }
  const take = (stream: 'stdout' | 'stderr', splitter: LineSplitter) => (chunk: Uint8Array) => {
    output.push(stream, chunk)
    if (live) show[stream](splitter.push(chunk))
  }
  try {
    const { exitCode } = await ctx.on(host).run(command, {
      root,
      anyExitCode: true,
      discardStdout: true,
      discardStderr: true,
      onStdout: take('stdout', stdout),
      onStderr: take('stderr', stderr),
    })
    return { exitCode, ...output.end() }
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  } finally {
    show.stdout(stdout.end())
    show.stderr(stderr.end())
  }
}
