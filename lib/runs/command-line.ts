import { quote } from '../shell/quote.ts'
import { sanitise } from '../text/sanitise.ts'
import { kebab } from '../task/kebab.ts'
import type { Param } from '../task/params.ts'
import type { RunRecord } from './record.ts'

type Value = RunRecord['params'][string]

const textOf = (value: Value): string =>
  quote(sanitise(typeof value === 'string' ? value : JSON.stringify(value)))

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

function option(key: string, value: Value, isOnUnlessTold: boolean): string[] {
  const name = kebab(sanitise(key))
  if (value === null) return []
  if (typeof value === 'boolean') return value ? [`--${name}`] : isOnUnlessTold ? [`--no-${name}`] : []
  return [value].flat().map(each => `--${name} ${textOf(each)}`)
}

/**
 * A run's task and parameters as they are typed after `fleet`, safe to print: `deploy web --release v2`. `params` are the
 * task's own where it is known here: they tell what is given by position, and what need not be said.
 */
export function commandLine(
  { task, params, on = [] }: Pick<RunRecord, 'task' | 'params'> & { readonly on?: readonly string[] },
  known: readonly Param[] = [],
): string {
  const given = Object.entries(params).filter(
    ([key, value]) => !isSame(known.find(each => each.key === key)?.defaultValue, value),
  )
  const isArgument = (key: string) => known.some(each => each.key === key && each.isArgument)
  const words = known
    .filter(each => each.isArgument)
    .flatMap(({ key }) => given.filter(([name]) => name === key).flatMap(([, value]) => [value].flat()))
    .map(textOf)
  const options = given
    .filter(([key]) => !isArgument(key))
    .flatMap(([key, value]) =>
      option(key, value, known.find(each => each.key === key)?.defaultValue === true),
    )
  const hosts = on.length === 0 ? [] : [`--on ${quote(sanitise(on.join(',')))}`]
  return [sanitise(task), ...words, ...options, ...hosts].join(' ')
}
