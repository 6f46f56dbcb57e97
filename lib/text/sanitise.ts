import { stripVTControlCharacters } from 'node:util'

/** Titles and links (`ESC ] ... BEL`) whatever they hold, and all sequences that end with a letter (`ESC [ ... m`). */
const SEQUENCES = /\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]/g

/** Controls but the newline, and the marks that turn the direction of text around. */
const CONTROLS = /[\0-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/**
 * Text from a host, a program, a file or a person, safe to print and to log: escape sequences, control characters and
 * the marks that reorder text on screen are removed. Newlines become spaces and tabs too, unless `lines` keeps newlines.
 */
export function sanitise(text: string, keep: 'line' | 'lines' = 'line'): string {
  const plain = stripVTControlCharacters(text.replaceAll(SEQUENCES, ''))
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll('\t', '  ')
    .replaceAll(CONTROLS, '')
  return keep === 'lines' ? plain : plain.replaceAll(/\n+/g, ' ').trimEnd()
}
