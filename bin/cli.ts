import { CommanderError, type Command } from 'commander'
import { findTask, type Found, type TaskEntry } from '../lib/task/entry.ts'
import type { Task, TaskResult } from '../lib/task/define.ts'
import type { Environment } from '../lib/task/environment.ts'
import { tasks as builtInTasks } from '../tasks/index.ts'
import { commandWords, normalise } from './argv.ts'
import { readGlobals } from './globals.ts'
import type { Io } from './io.ts'
import { packageVersion, type Places } from './places.ts'
import { buildProgram, commandFor } from './program.ts'

/** Runs a task. Emits everything from `run-started` on but `result` and `run-ended`: only the caller knows the exit code. */
export type RunTask = (
  task: Task,
  params: Record<string, unknown>,
  environment: Environment,
) => Promise<TaskResult>

/** What the command line is made of; tests replace parts of it. */
export interface Parts {
  readonly places: Places
  readonly tasks?: readonly TaskEntry[]
  readonly runTask?: RunTask
}

/** Runs one command line and resolves with the exit code. Never exits, never throws. */
export async function runCli(io: Io, parts: Parts): Promise<number> {
  try {
    return await dispatch(io, parts)
  } catch (error) {
    const { reportError } = await import('./report.ts')
    const exitCode = reportError(error, io)
    if (has(io.argv, '--json')) await writeJsonEnd(error, exitCode, io)
    return exitCode
  }
}

/** A command line that failed before its run began still ends the events of `--json`. */
async function writeJsonEnd(thrown: unknown, exitCode: number, io: Io): Promise<void> {
  const [{ jsonLine }, { describeError }] = await Promise.all([
    import('../lib/ui/json.ts'),
    import('./report.ts'),
  ])
  io.stdout.write(jsonLine({ type: 'run-ended', exitCode, milliseconds: 0, error: describeError(thrown) }))
}

async function dispatch(io: Io, parts: Parts): Promise<number> {
  const entries = await allTasks(io, parts)
  if (io.argv[0] === '__complete') {
    const { complete } = await import('./complete.ts')
    return complete(io.argv.slice(1), buildProgram(entries, io), io, parts.places, entries)
  }
  const argv = normalise(io.argv)
  const found = findTask(entries, commandWords(argv))
  const program = buildProgram(entries, io)
  if (found.kind === 'task') return runCommand(argv, program, found.entry, entries, io, parts)
  if (has(argv, '-V', '--version')) {
    io.stdout.write(`${await packageVersion(parts.places.root)}\n`)
    return 0
  }
  if (found.kind !== 'unknown' && (found.kind === 'nothing' || has(argv, '-h', '--help'))) {
    // With neither command nor --help, wrong options still come first.
    await parse(program, has(argv, '-h', '--help') ? argv : [...argv, '--help'], program, found)
    return 0
  }
  const { incompleteCommand, unknownCommand } = await import('./usage.ts')
  throw found.kind === 'group'
    ? incompleteCommand(found.name, found.entries)
    : unknownCommand(found.word, entries)
}

async function runCommand(
  argv: string[],
  program: Command,
  entry: TaskEntry,
  entries: readonly TaskEntry[],
  io: Io,
  parts: Parts,
): Promise<number> {
  const command = commandFor(program, entry.name)
  const [{ addParams }, { loadTask }] = await Promise.all([import('./options.ts'), import('./load-task.ts')])
  const task = await loadTask(entry, io, parts.places)
  if (entry.file !== undefined && builtIns(parts).some(({ name }) => name === entry.name)) {
    io.stderr.write(`warning: ${entry.file} stands in for the built-in "${entry.name}"\n`)
  }
  const { isOtherCopy } = await import('../lib/fleet/package.ts')
  if (await isOtherCopy(io.cwd, parts.places)) {
    io.stderr.write(
      `warning: ${io.cwd} is another copy of fleetfile: what runs is ${parts.places.root}, on its fleets\n`,
    )
  }
  const read = addParams(command, task)
  let isCalled = false
  command.action(() => {
    isCalled = true
  })
  await parse(program, argv, command, { kind: 'task', entry })
  if (!isCalled) return 0
  const { execute } = await import('./execute.ts')
  return execute(
    task,
    read(command.args.length > 0 ? command.processedArgs : []),
    readGlobals(program),
    io,
    parts,
    async name => {
      const next = entries.find(each => each.name === name)
      if (next !== undefined) return loadTask(next, io, parts.places)
      const { unknownCommand } = await import('./usage.ts')
      throw unknownCommand(name, entries)
    },
  )
}

async function parse(program: Command, argv: readonly string[], leaf: Command, found: Found): Promise<void> {
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return
    const { wordCommanderError } = await import('./usage.ts')
    throw wordCommanderError(error, program, leaf, found)
  }
}

const builtIns = (parts: Parts): readonly TaskEntry[] => parts.tasks ?? builtInTasks

/** The user's own tasks stand before the built-in ones of the same name. */
async function allTasks(io: Io, parts: Parts): Promise<readonly TaskEntry[]> {
  const { discoverTasks } = await import('../lib/task/discover.ts')
  const own = await discoverTasks(io.cwd)
  const builtIn = builtIns(parts).filter(({ name }) => own.every(each => each.name !== name))
  return [...builtIn, ...own].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const has = (argv: readonly string[], ...flags: readonly string[]): boolean => {
  const end = argv.indexOf('--')
  return argv.slice(0, end === -1 ? undefined : end).some(arg => flags.includes(arg))
}
