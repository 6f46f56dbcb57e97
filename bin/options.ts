import { Argument, Option, type Command } from 'commander'
import type { Task } from '../lib/task/define.ts'
import { describeParams, type Param } from '../lib/task/params.ts'

const placeholder = (param: Param): string => {
  if (param.choices.length > 0 && param.choices.length <= 4) return `<${param.choices.join('|')}>`
  return param.kind === 'number' ? '<n>' : `<${param.name}>`
}

function explain(param: Param): string {
  const facts = [
    ...(param.choices.length > 4 ? [`one of: ${param.choices.join(', ')}`] : []),
    ...(param.isArray && !param.isArgument ? ['repeatable'] : []),
    ...(param.isRequired && !param.isArgument ? ['required'] : []),
    ...defaultOf(param),
  ]
  return [param.description, ...(facts.length > 0 ? [`(${facts.join('; ')})`] : [])].filter(Boolean).join(' ')
}

function defaultOf({ defaultValue, kind }: Param): string[] {
  if (defaultValue === undefined || kind === 'boolean') return []
  if (Array.isArray(defaultValue) && defaultValue.length === 0) return []
  return [`default: ${typeof defaultValue === 'string' ? defaultValue : JSON.stringify(defaultValue)}`]
}

const collect = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value]

function optionOf(param: Param): Option {
  if (param.kind === 'boolean' && !param.isArray) {
    return new Option(param.defaultValue === true ? `--no-${param.name}` : `--${param.name}`, explain(param))
  }
  const option = new Option(`--${param.name} ${placeholder(param)}`, explain(param))
  return param.isArray ? option.argParser(collect) : option
}

const placeOf = ({ name, isArray, isRequired }: Param): string => {
  const text = isArray ? `${name}...` : name
  return isRequired ? `<${text}>` : `[${text}]`
}

function argumentOf(param: Param): Argument {
  // commander would stop at the first one that is missing; our own check names everything at once.
  return new Argument(placeOf(param), explain(param)).argOptional()
}

/** Gives a command its task's options, arguments, description and examples. Returns how to read them back. */
export function addParams(
  command: Command,
  task: Task,
): (values: readonly unknown[]) => Record<string, unknown> {
  const params = describeParams(task)
  const options = new Map<string, Param>()
  for (const param of params.filter(each => !each.isArgument)) {
    const option = optionOf(param)
    options.set(option.attributeName(), param)
    command.addOption(option)
  }
  const args = (task.args ?? []).flatMap(key => params.filter(param => param.key === key))
  for (const param of args) command.addArgument(argumentOf(param))
  command.usage(['[options]', ...args.map(placeOf)].join(' '))
  command.description([`${task.summary}.`, task.description].filter(Boolean).join('\n\n'))
  const examples = task.examples ?? []
  if (examples.length > 0)
    command.addHelpText('after', `\nExamples:\n${examples.map(each => `  ${each}\n`).join('')}`)
  return values => {
    const given: Record<string, unknown> = {}
    for (const [name, param] of options) {
      if (command.getOptionValueSource(name) === 'cli') given[param.key] = command.getOptionValue(name)
    }
    for (const [index, param] of args.entries()) {
      const value = values[index]
      if (Array.isArray(value) ? value.length > 0 : value !== undefined) given[param.key] = value
    }
    return given
  }
}
