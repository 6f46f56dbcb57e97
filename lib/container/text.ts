/** Terminal sequences: titles and links (`ESC ] ... BEL`), then all that end with a letter (`ESC [ ... m`). */
const SEQUENCES = /\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]/g

/** Controls but newline and tab, and the marks that turn the direction of text around. */
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Text from a program, fit for a terminal and a log. */
export const plainText = (text: string): string =>
  text.replace(SEQUENCES, '').replace(/\r\n?/g, '\n').replace(CONTROLS, '')

/** The last lines that hold anything, indented, for the end of an error. */
export const lastLines = (text: string, count = 10): string =>
  plainText(text)
    .split('\n')
    .filter(line => line.trim() !== '')
    .slice(-count)
    .map(line => `  ${line.slice(0, 300)}`)
    .join('\n')
