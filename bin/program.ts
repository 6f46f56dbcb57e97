import { Command } from 'commander'
import type { TaskEntry } from '../lib/task/entry.ts'
import { addGlobals } from './globals.ts'
import type { Io } from './io.ts'

/** What `fleet --help` says after the commands. */
const FOOTER = `
Run "fleet <command> --help" for its options, arguments and examples.`

/** `workers set` for the command at its place in the tree. */
const fullName = (command: Command): string =>
  command.parent?.parent ? `${fullName(command.parent)} ${command.name()}` : command.name()

const leaves = (command: Command): Command[] =>
  command.commands.flatMap(child => (child.commands.length > 0 ? leaves(child) : [child]))

/** The root command, with a bare command for every task. Nothing in it exits or prints but through `io`. */
export function buildProgram(entries: readonly TaskEntry[], io: Io): Command {
  const program = new Command('fleet')
    .description('Run a service on your servers: one command, from a fleet described in TypeScript.')
    .usage('[options] <command> [arguments]')
    .exitOverride()
    .showSuggestionAfterError(false)
    .helpCommand(false)
    .helpOption('-h, --help', 'show this help')
    .configureOutput({
      writeOut: text => void io.stdout.write(text),
      writeErr: () => {},
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getOutHasColors: () => false,
    })
    .configureHelp({
      visibleCommands: leaves,
      subcommandTerm: fullName,
      subcommandDescription: command => command.summary() || command.description(),
      showGlobalOptions: true,
    })
    .addHelpText('after', FOOTER)
  addGlobals(program).option('-V, --version', 'print the version')
  for (const entry of entries)
    commandFor(program, entry.name).summary(entry.summary).description(`${entry.summary}.`)
  return program
}

/** The command of a task, made with the groups above it when it is not there yet. */
export function commandFor(program: Command, name: string): Command {
  return name.split(' ').reduce((parent, word) => {
    const there = parent.commands.find(each => each.name() === word)
    return (
      there ?? parent.command(word).allowExcessArguments(false).helpOption('-h, --help', 'show this help')
    )
  }, program)
}
