import { isMadeBy, SHARED } from '../one-class.ts'
import { quote } from './quote.ts'
import type { Secret } from './secret.ts'

/** What may stand in a command: a word, a number, a list of words, or another command, which stays as it is. */
export type ShellValue = string | number | readonly (string | number)[] | Command

/** A shell command as a value: complete, quoted, not yet sent. */
export class Command {
  readonly text: string
  /** What the command reads on its standard input; the only way for a secret to reach it. */
  readonly stdin: string | Secret | Uint8Array | undefined
  static readonly [SHARED] = true

  static [Symbol.hasInstance](value: unknown): boolean {
    return isMadeBy(value, this)
  }

  constructor(text: string, stdin?: string | Secret | Uint8Array) {
    this.text = text
    this.stdin = stdin
  }

  /** The same command reading `stdin`. Secrets go here: arguments show in every process list, stdin does not. */
  input(stdin: string | Secret | Uint8Array): Command {
    return new Command(this.text, stdin)
  }

  toString(): string {
    return this.text
  }
}

function word(value: ShellValue): string {
  if (value instanceof Command) return value.text
  if (typeof value === 'object') return value.map(item => quote(String(item))).join(' ')
  return quote(String(value))
}

/**
 * A command with every value quoted: sh`systemctl restart ${unit}`. A list becomes words, an empty list nothing;
 * a Command is put in as it is. A `Secret` does not compile: give it to `.input()`.
 */
export function sh(strings: TemplateStringsArray, ...values: readonly ShellValue[]): Command {
  return new Command(
    strings.reduce((text, part, index) => {
      const value = values[index - 1]
      return text + (value === undefined ? '' : word(value)) + part
    }),
  )
}

/** Text that is already shell code, taken as it is. Never for anything that a user, a file or a host had a say in. */
export const rawShell = (code: string): Command => new Command(code)
