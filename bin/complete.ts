import type { Command } from 'commander'
import { listFleets } from '../lib/fleet/load.ts'
import type { Fleet } from '../lib/fleet/model.ts'
import type { Task } from '../lib/task/define.ts'
import { findTask, type TaskEntry } from '../lib/task/entry.ts'
import { describeParams, type Param } from '../lib/task/params.ts'
import { join } from 'node:path'
import { namesOf } from './check-names.ts'
import { commandWords, isGlobalWithValue } from './argv.ts'
import type { Io } from './io.ts'
import { loadTask } from './load-task.ts'
import { openFleet } from './open-fleet.ts'
import type { Places } from './places.ts'

/** A word that could stand at the cursor. */
interface Candidate {
  readonly value: string
  readonly about?: string
}

/** Prints what could stand at the cursor, which is the last word. Says nothing when it cannot tell. */
export async function complete(
  argv: readonly string[],
  program: Command,
  io: Io,
  places: Places,
  entries: readonly TaskEntry[],
): Promise<number> {
  const words = argv[0] === '--' ? argv.slice(1) : argv
  const candidates = await candidatesFor(words, program, io, places, entries).catch(() => [])
  for (const { value, about = '' } of candidates)
    io.stdout.write(about === '' ? `${value}\n` : `${value}\t${about}\n`)
  return 0
}

async function candidatesFor(
  words: readonly string[],
  program: Command,
  io: Io,
  places: Places,
  entries: readonly TaskEntry[],
): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const fleet = async () => (await openFleet(fleetOf(before), io, places, false)).fleet
  const [inlineName, inlineValue] = splitInline(current)
  const option = inlineName ?? before.at(-1) ?? ''
  const prefix = inlineName === undefined ? '' : `${inlineName}=`
  const wanted = inlineValue ?? current
  const offer = (values: readonly string[]) =>
    matching(
      values.map(value => ({ value: prefix + value })),
      prefix + wanted,
    )

  if (option === '--fleet') {
    return offer(
      (await listFleets({ ...places, cwd: io.cwd, builtIn: join(places.code, 'inventory') })).map(
        ({ name }) => name,
      ),
    )
  }
  if (option === '--on') return offer(selectors(await fleet(), wanted))
  if (isGlobalWithValue(option)) return []
  const found = findTask(entries, commandWords(before))
  const task = found.kind === 'task' ? await loadTask(found.entry, io, places, false) : undefined
  const params = task === undefined ? [] : describeParams(task)
  const param = params.find(
    each => `--${each.name}` === option && !each.isArgument && each.kind !== 'boolean',
  )
  if (param !== undefined) return offer(await valuesOf(param, fleet))
  if (current.startsWith('-')) return matching([...optionsOf(params), ...globalOptions(program)], current)
  if (task !== undefined) {
    const argument = argumentAt(task, params, before)
    return argument === undefined ? [] : offer(await valuesOf(argument, fleet))
  }
  return nextWords(entries, commandWords(before), current)
}

/** `--fleet=na` at the cursor is the option and what there is of its value. */
function splitInline(word: string): readonly [string, string] | readonly [undefined, undefined] {
  const at = word.indexOf('=')
  return word.startsWith('--') && at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [undefined, undefined]
}

const matching = (candidates: readonly Candidate[], start: string) =>
  candidates.filter(({ value }) => value.startsWith(start))

/** The fleet named on the line so far. */
function fleetOf(words: readonly string[]): string | undefined {
  const inline = words.find(word => word.startsWith('--fleet='))
  const at = words.indexOf('--fleet')
  return inline?.slice('--fleet='.length) ?? (at === -1 ? undefined : words[at + 1])
}

/** Hosts and roles, each after what the comma list holds already. */
function selectors(fleet: Fleet, wanted: string): readonly string[] {
  const done = wanted.slice(0, wanted.lastIndexOf(',') + 1)
  const not = wanted.slice(done.length).startsWith('!') ? '!' : ''
  return [...Object.keys(fleet.hosts), ...Object.keys(fleet.roles)].map(name => done + not + name)
}

async function valuesOf(param: Param, fleet: () => Promise<Fleet>): Promise<readonly string[]> {
  return param.names === undefined ? param.choices : namesOf(param.names, await fleet())
}

const optionsOf = (params: readonly Param[]): Candidate[] =>
  params
    .filter(each => !each.isArgument)
    .map(({ name, description, kind, defaultValue }) => ({
      value: kind === 'boolean' && defaultValue === true ? `--no-${name}` : `--${name}`,
      about: description,
    }))

const globalOptions = (program: Command): Candidate[] =>
  program.options.flatMap(({ long, description }) =>
    long === undefined || long === null ? [] : [{ value: long, about: description }],
  )

/** The positional parameter that the word at the cursor would be; the last one may take any number. */
function argumentAt(task: Task, params: readonly Param[], before: readonly string[]): Param | undefined {
  const given = commandWords(before).length - task.name.split(' ').length
  const args = (task.args ?? []).flatMap(key => params.filter(each => each.key === key))
  const last = args.at(-1)
  return args[given] ?? (last?.isArray === true ? last : undefined)
}

/** The next word of the commands that begin with the words so far. */
function nextWords(
  entries: readonly TaskEntry[],
  words: readonly string[],
  current: string,
): readonly Candidate[] {
  const start = words.map(word => `${word} `).join('')
  const next = new Map<string, Candidate>()
  for (const { name, summary } of entries.filter(each => each.name.startsWith(start))) {
    const [value = '', ...more] = name.slice(start.length).split(' ')
    if (value !== '' && !next.has(value))
      next.set(value, more.length > 0 ? { value } : { value, about: summary })
  }
  return matching([...next.values()], current)
}
