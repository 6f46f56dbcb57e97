import type { Command, CommanderError } from 'commander'
import { UsageError } from '../lib/errors.ts'
import { suggest, unknown } from '../lib/suggest.ts'
import type { Found, TaskEntry } from '../lib/task/entry.ts'

/** The error for a first word that is no command. */
export function unknownCommand(word: string, entries: readonly TaskEntry[]): UsageError {
  const names = entries.map(({ name }) => name)
  return new UsageError(
    unknown('command', word, [...names, ...names.map(name => name.split(' ')[0] ?? name)]),
    {
      hint: 'fleet --help lists them',
    },
  )
}

/** The error for `fleet workers` when there is only `workers set` and the like. */
export function incompleteCommand(name: string, entries: readonly TaskEntry[]): UsageError {
  const below = entries.map(entry => entry.name.slice(name.length + 1))
  return new UsageError(`"${name}" wants one more word: ${below.join(', ')}`, {
    hint: `fleet ${name} --help`,
  })
}

/** What commander found wrong, in our words. Its codes decide; its message gives only the name of the option. */
export function wordCommanderError(
  error: CommanderError,
  program: Command,
  leaf: Command,
  found: Found,
): UsageError {
  const command = found.kind === 'task' ? `fleet ${found.entry.name}` : 'fleet'
  const details = { hint: `${command} --help` }
  const [, named = ''] = /'([^']*)'/.exec(error.message) ?? []
  switch (error.code) {
    case 'commander.unknownOption':
      return new UsageError(unknownOption(named, program, leaf), details)
    case 'commander.optionMissingArgument':
      return new UsageError(
        `option ${named.split(' ').find(part => part.startsWith('--')) ?? named} wants a value`,
        details,
      )
    case 'commander.excessArguments':
      return new UsageError(`too many arguments for "${command}"`, details)
    default:
      return new UsageError(error.message.replace(/^error: /, ''), details)
  }
}

function unknownOption(flag: string, program: Command, leaf: Command): string {
  const known = [...leaf.options, ...program.options].flatMap(option => option.long ?? [])
  const name = flag.split('=')[0] ?? flag
  // Without the dashes, which every option shares and which would make any two look alike.
  const bare = known.map(each => each.replace(/^--/, ''))
  const meant = name.startsWith('--') ? suggest(name.slice(2), bare) : undefined
  return `unknown option ${name}${meant === undefined ? '' : `, did you mean --${meant}?`}`
}
