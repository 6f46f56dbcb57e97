import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import type { Command } from '../../shell/sh.ts'
import { absolutePath, oneLine } from '../check.ts'
import type { Handler, Kind, Resource, Step } from '../resource.ts'
import { rewriteFile } from './rewrite.ts'

export interface LineInFileOptions {
  readonly path: string
  /** The whole line, without its newline. */
  readonly line: string
  /** Literal text, no pattern: lines that begin so are replaced by the line. Without it, the line is added. */
  readonly startsWith?: string
  /** Says whether the new file is good, before it replaces the old one; "$1" is its path: sh`sshd -t -f "$1"`. */
  readonly check?: Command
  readonly notify?: readonly Handler[]
}

export interface AbsentLineOptions extends Pick<LineInFileOptions, 'path' | 'check' | 'notify'> {
  /** The whole line that is not to be there. */
  readonly line: string
}

export interface LineWanted {
  readonly path: string
  readonly line: string
  readonly startsWith: string | undefined
  readonly present: boolean
  readonly check: Command | undefined
}

/** How many lines are the line, and how many others begin as it should; undefined where there is no file. */
export type LineSeen = { readonly same: number; readonly others: number } | undefined

/** Values travel as variables, which awk takes as they are; joined with '' so that 1.0 is not 1. */
const env = ({ line, startsWith }: LineWanted): string =>
  `line=${quote(line)} prefix=${quote(startsWith ?? '')}`

const SAME = `($0 "") == (ENVIRON["line"] "")`
const OTHER = `ENVIRON["prefix"] != "" && index($0, ENVIRON["prefix"]) == 1`
const COUNT = `${SAME} { same++; next } ${OTHER} { others++ } END { print same + 0, others + 0 }`
const SET = `${SAME} || (${OTHER}) { if (!done++) print ENVIRON["line"]; next } { print } END { if (!done) print ENVIRON["line"] }`
const REMOVE = `!(${SAME})`

export const lineInFileKind: Kind<LineWanted, LineSeen> = {
  name: 'line in file',
  observe: wanted =>
    wanted
      .map(
        item => `path=${quote(item.path)}
if [ -f "$path" ]; then ${env(item)} awk '${COUNT}' <"$path" || exit 1; else echo absent; fi`,
      )
      .join('\n'),
  parse(output, wanted) {
    const lines = output.split('\n')
    return wanted.map((_, index) => {
      const [same, others] = (lines[index] ?? 'absent').split(' ')
      return others === undefined ? undefined : { same: Number(same), others: Number(others) }
    })
  },
  diff({ line, present }, seen) {
    if (!present) {
      return seen !== undefined && seen.same > 0 ? { action: 'remove', detail: `- ${line}` } : undefined
    }
    if (seen !== undefined && seen.same > 0 && seen.others === 0) return undefined
    return { action: seen !== undefined && seen.others > 0 ? 'change' : 'create', detail: `+ ${line}` }
  },
  act(wanted): Step[] {
    const { path, check, present } = wanted
    const filter = `${env(wanted)} awk '${present ? SET : REMOVE}'`
    return [
      { title: `${present ? 'set' : 'remove'} a line of ${path}`, script: rewriteFile(path, filter, check) },
    ]
  },
}

function checked(options: AbsentLineOptions, startsWith: string | undefined, present: boolean): LineWanted {
  const { path, line, check } = options
  if (line === '' || startsWith === '') throw new ConfigError(`line in ${path}: want some text`)
  if (startsWith !== undefined && !line.startsWith(startsWith)) {
    throw new ConfigError(`line in ${path}: it does not begin with ${JSON.stringify(startsWith)}`)
  }
  if (check?.stdin !== undefined) throw new ConfigError(`line in ${path}: its check cannot have a stdin`)
  return { path: absolutePath(path), line: oneLine('line', line), startsWith, present, check }
}

const resource = (wanted: LineWanted, notify: readonly Handler[] = []) => ({
  id: `line in ${wanted.path}: ${wanted.startsWith ?? wanted.line}`,
  kind: lineInFileKind,
  wanted,
  notify,
})

/**
 * The last resort, for a file that somebody else writes and that knows no folder of parts: one line of it. It takes the
 * place of the first line that begins with `startsWith`, further ones go; where there is none it is added at the end.
 */
export function lineInFile(options: LineInFileOptions): Resource<LineWanted, LineSeen> {
  return resource(checked(options, options.startsWith, true), options.notify)
}

/** No such line in this file. A file that is not there holds none. */
export function absentLine(options: AbsentLineOptions): Resource<LineWanted, LineSeen> {
  return resource(checked(options, undefined, false), options.notify)
}
