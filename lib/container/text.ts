import { stripVTControlCharacters } from 'node:util'

/** Text from a program, fit for a terminal and a log: no control characters but newline and tab. */
export const plainText = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/\r\n?/g, '\n')
    .replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')

/** The last lines that hold anything, indented, for the end of an error. */
export const lastLines = (text: string, count = 10): string =>
  plainText(text)
    .split('\n')
    .filter(line => line.trim() !== '')
    .slice(-count)
    .map(line => `  ${line.slice(0, 300)}`)
    .join('\n')
