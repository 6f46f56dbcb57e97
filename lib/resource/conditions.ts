import { CommandError } from '../errors.ts'
import { quote } from '../shell/quote.ts'
import { rawShell } from '../shell/sh.ts'
import type { Command } from '../shell/sh.ts'
import type { Resource } from './resource.ts'

/** Seconds that a condition may take. */
const LIMIT = 30

/** The distinct conditions of a host, in the order of first use. */
export const conditionsOf = (resources: readonly Resource[]): string[] => [
  ...new Set(resources.flatMap(({ onlyIf: command }) => (command ? [command.text] : []))),
]

/** Code that asks each condition once, in a process of its own, and prints its exit code. */
export const observeConditions = (conditions: readonly string[]): string => `
ask() { timeout -k 5 ${LIMIT} sh -c "$1" </dev/null >/dev/null 2>&1; printf '%s\\n' "$?"; }
${conditions.map(text => `ask ${quote(text)}`).join('\n')}`

/** The conditions that did not end with 0. One that did not end in time has given no answer: CommandError. */
export function parseConditions(host: string, output: string, conditions: readonly string[]): Set<string> {
  const codes = output.split('\n')
  return new Set(
    conditions.filter((text, index) => {
      const code = codes[index]?.trim()
      if (code === '124' || code === '137') {
        throw new CommandError(`no answer within ${LIMIT} s to the condition: ${text}`, { host })
      }
      return code !== '0'
    }),
  )
}

/**
 * These resources, left alone on a host where the command does not end with 0. It is asked while the host is observed,
 * before anything is changed, with an empty stdin and at most 30 s to answer; so it must change nothing, and does not
 * see what the same run installs. Resources that have a condition keep it: then both must hold.
 *
 *     onlyIf(sh`test -d /etc/nginx`, file({ path: '/etc/nginx/conf.d/a.conf', content }))
 */
export function onlyIf(command: Command, ...resources: readonly Resource[]): Resource[] {
  return resources.map(resource => {
    const { onlyIf: own } = resource
    if (own === undefined) return { ...resource, onlyIf: command }
    const both = rawShell(`( ${command.text}\n) && ( ${own.text}\n)`)
    const stdin = command.stdin ?? own.stdin
    return { ...resource, onlyIf: stdin === undefined ? both : both.input(stdin) }
  })
}
