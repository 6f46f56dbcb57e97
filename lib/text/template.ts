import { fileURLToPath } from 'node:url'
import { ConfigError } from '../errors.ts'

/** What may stand in a template: another type, and above all a missing value, does not compile. */
export type TemplateValue = string | number

/** `file:line` of whoever called `callee`, read from a V8 stack; undefined where it has another form. */
function callerOf(callee: (...args: never[]) => unknown): string | undefined {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, callee)
  const [, file, line] =
    /(?:\(|at (?:async )?)((?:file:\/\/)?\/[^()]+?):(\d+):\d+\)?$/m.exec(holder.stack ?? '') ?? []
  if (file === undefined) return undefined
  return `${file.startsWith('file://') ? fileURLToPath(file) : file}:${line}`
}

/**
 * The body of a file that lands on hosts: text`listen ${port}`. A value that is missing although the types say
 * otherwise (data read from JSON, a cast) never lands as the word "undefined": it is a ConfigError with file and line
 * of the template, and the text in front of the gap.
 */
export function text(strings: TemplateStringsArray, ...values: readonly TemplateValue[]): string {
  const given: readonly unknown[] = values
  const missing = given.findIndex(value => typeof value !== 'string' && !Number.isFinite(value))
  if (missing !== -1) {
    const before = (strings[missing] ?? '').split('\n').at(-1)?.trimStart() ?? ''
    const place = callerOf(text)
    throw new ConfigError(
      `${place === undefined ? '' : `${place}: `}the template has no value after ${JSON.stringify(before)}: ${String(given[missing])}`,
      { hint: 'give the variable where the template is used' },
    )
  }
  return String.raw({ raw: strings }, ...values)
}
