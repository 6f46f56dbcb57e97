import { inspect } from 'node:util'
import { isMadeBy, SHARED } from '../one-class.ts'

/**
 * A value that must never be seen. Whatever turns it into text (a template, JSON, `console.log`) gets its
 * masked form; `reveal()` is the only way to the value and is called where bytes leave for their target.
 */
export class Secret {
  readonly #value: string
  readonly #masked: string
  static readonly [SHARED] = true

  static [Symbol.hasInstance](value: unknown): boolean {
    return isMadeBy(value, this)
  }

  constructor(name: string, value: string, masked = `[secret ${name}]`) {
    this.#value = value
    this.#masked = masked
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return this.#masked
  }

  toJSON(): string {
    return this.#masked
  }

  [inspect.custom](): string {
    return this.#masked
  }
}

/** The value of a text that may be a secret: for the place where the bytes leave. */
export const revealed = (text: string | Secret): string => (text instanceof Secret ? text.reveal() : text)

/** Text with secrets in it, itself a secret: secretText`password=${password}\n` shows as `password=[secret db]`. */
export function secretText(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Secret)[]
): Secret {
  const join = (show: (value: string | number | Secret) => string) =>
    strings.reduce((text, part, index) => text + show(values[index - 1] ?? '') + part)
  return new Secret(
    'text',
    join(value => (value instanceof Secret ? value.reveal() : String(value))),
    join(String),
  )
}
