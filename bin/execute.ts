import { dirname } from 'node:path'
import { z } from 'zod'
import { FleetError, UsageError } from '../lib/errors.ts'
import type { Fleet } from '../lib/fleet/model.ts'
import type { Invocation, Task, TaskResult } from '../lib/task/define.ts'
import type { Environment } from '../lib/task/environment.ts'
import { parseParams } from '../lib/task/parse.ts'
import { chooseRenderer } from '../lib/ui/choose.ts'
import { isCi } from '../lib/ui/terminal.ts'
import type { Parts, RunTask } from './cli.ts'
import { checkNames } from './check-names.ts'
import type { Globals } from './globals.ts'
import { OutputClosedError, type Io } from './io.ts'
import { operatorConsole } from './operator-console.ts'
import { openFleet } from './open-fleet.ts'
import { packageVersion, userFolders } from './places.ts'
import { describeError, reportError } from './report.ts'

/** Stands in for the fleet of tasks that need none. */
const NO_FLEET: Fleet = {
  name: 'none',
  provider: 'static',
  access: { user: 'root' },
  roles: {},
  hosts: {},
  services: {},
  secrets: [],
}

/** Loads the fleet, runs the task and shows it. Resolves with the exit code. */
export async function execute(
  task: Task,
  given: Readonly<Record<string, unknown>>,
  globals: Globals,
  io: Io,
  parts: Parts,
  byName: (name: string) => Promise<Task>,
): Promise<number> {
  const started = io.now().getTime()
  if (task.letGo !== undefined) io.onLetGo?.(task.letGo)
  const renderer = await chooseRenderer({
    ...io,
    now: () => io.now(),
    json: globals.json,
    verbosity: globals.verbosity,
  })
  const end = (exitCode: number, error?: unknown) => {
    renderer.emit({
      type: 'run-ended',
      exitCode,
      milliseconds: io.now().getTime() - started,
      ...(error === undefined ? {} : { error: describeError(error, globals.fleet) }),
    })
    renderer.close()
    return exitCode
  }
  const onAbort = () => {
    if (io.signal.reason instanceof OutputClosedError) return
    renderer.emit({ type: 'warning', text: 'stopping..., again to let go at once' })
  }
  io.signal.addEventListener('abort', onAbort, { once: true })
  try {
    const params = parseParams(task, given)
    const { fleet, file } =
      task.needsFleet === false
        ? { fleet: NO_FLEET, file: `${io.cwd}/fleet` }
        : await openFleet(globals.fleet, io, parts.places)
    checkNames(task, params, fleet)
    const environment: Environment = {
      fleet,
      on: globals.on,
      planOnly: globals.planOnly,
      wait: globals.wait,
      ...(globals.message === undefined ? {} : { message: globals.message }),
      version: await packageVersion(parts.places.root),
      concurrency: globals.concurrency,
      timeout: globals.timeout,
      yes: globals.yes,
      isInteractive: !globals.json && io.stdin.isTTY === true && io.stderr.isTTY === true && !isCi(io.env),
      emit: renderer.emit,
      print: text => renderer.print(text.endsWith('\n') ? text : `${text}\n`),
      ask: question =>
        renderer.pause(async () => {
          const { askAtTerminal } = await import('../lib/ui/prompt.ts')
          return askAtTerminal(question, { input: io.stdin, output: io.stderr, signal: io.signal })
        }),
      console: operatorConsole(io, globals.json, renderer),
      askSecret: question =>
        renderer.pause(async () => {
          const { askSecretAtTerminal } = await import('../lib/ui/prompt.ts')
          return askSecretAtTerminal(question, { input: io.stdin, output: io.stderr, signal: io.signal })
        }),
      signal: io.signal,
      paths: { cwd: io.cwd, home: io.home, fleet: dirname(file), ...userFolders(io.env, io.home) },
      env: io.env,
      now: () => io.now(),
    }
    const runTask = parts.runTask ?? (await loadRunner())
    const { data, exitCode = 0 } = await runAll(runTask, task, params, environment, byName)
    if (data !== undefined) renderer.emit({ type: 'result', data })
    return end(exitCode)
  } catch (error) {
    const exitCode = error instanceof FleetError ? error.exitCode : 1
    end(exitCode, error)
    return reportError(error, io, globals.fleet)
  } finally {
    io.signal.removeEventListener('abort', onAbort)
  }
}

/** Runs the task, and the ones that it hands on to. */
async function runAll(
  runTask: RunTask,
  task: Task,
  params: Record<string, unknown>,
  environment: Environment,
  byName: (name: string) => Promise<Task>,
): Promise<TaskResult> {
  const result = await runTask(task, params, environment)
  return result.next === undefined ? result : runNext(runTask, result.next, environment, byName)
}

async function runNext(
  runTask: RunTask,
  next: Invocation,
  environment: Environment,
  byName: (name: string) => Promise<Task>,
): Promise<TaskResult> {
  const nextTask = await byName(next.task)
  const parsed = z.safeParse(nextTask.params, next.params)
  if (!parsed.success) {
    throw new UsageError(`${next.task} takes other options here:\n${z.prettifyError(parsed.error)}`, {
      hint: `fleet ${next.task} --help`,
    })
  }
  const { runId, startedAt, pins, review, decidedBy = 'the run before' } = next
  const message = environment.message ?? next.message
  const resumes = {
    pins: pins ?? {},
    decidedBy,
    ...(runId === undefined ? {} : { runId }),
    ...(startedAt === undefined ? {} : { startedAt }),
  }
  const over = {
    on: next.on,
    resumes,
    ...(message === undefined ? {} : { message }),
    ...(review === undefined ? {} : { review }),
  }
  const result = await runAll(runTask, nextTask, parsed.data, { ...environment, ...over }, byName)
  const isDone = (result.exitCode ?? 0) === 0
  return next.followedBy === undefined || !isDone
    ? result
    : runNext(runTask, next.followedBy, environment, byName)
}

const loadRunner = async (): Promise<RunTask> => (await import('../lib/task/run.ts')).runTask
