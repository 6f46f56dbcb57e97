import { z } from 'zod'
import { UsageError } from '../errors.ts'
import { suggest } from '../suggest.ts'
import { coerce } from './coerce.ts'
import type { Task } from './define.ts'
import { describeParams, type Param } from './params.ts'
import { wordIssue } from './words.ts'

/** How a parameter is written on the command line: `--count` or `<user>`. */
export const labelOf = (param: Param): string => (param.isArgument ? `<${param.name}>` : `--${param.name}`)

/**
 * The task's parameters from the texts of the command line, checked by its schema. Throws one UsageError that names
 * every option that is wrong.
 */
export function parseParams(task: Task, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const params = describeParams(task)
  const values = Object.fromEntries(
    params
      .filter(({ key }) => given[key] !== undefined)
      .map(({ key, schema }) => [key, coerce(schema, given[key])]),
  )
  const parsed = z.safeParse(task.params, values, { error: wordIssue })
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues.map(issue => describe(params, issue, values))
  throw new UsageError([...new Set(lines)].join('\n'), { hint: `fleet ${task.name} --help` })
}

function describe(
  params: readonly Param[],
  issue: z.core.$ZodIssue,
  values: Readonly<Record<string, unknown>>,
): string {
  const param = params.find(({ key }) => key === issue.path[0])
  if (param === undefined) return issue.message
  const value = values[param.key]
  if (value === undefined && param.isRequired) {
    return param.isArgument ? `missing argument ${labelOf(param)}` : `${labelOf(param)} is required`
  }
  const [, index] = issue.path
  const item = Array.isArray(value) && typeof index === 'number' ? value[index] : value
  const meant = typeof item === 'string' ? suggest(item, param.choices) : undefined
  return `${labelOf(param)}: ${issue.message}${meant === undefined ? '' : `, did you mean "${meant}"?`}`
}
