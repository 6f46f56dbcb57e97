import { sanitise } from '../text/sanitise.ts'
import { paint, type Style } from './paint.ts'

/** Lines of one diff that a person is shown; `--json` and `--out` have all of it. */
const MOST = 200

function styleOf(line: string): Style | undefined {
  if (/^(---|\+\+\+) /.test(line)) return 'bold'
  if (line.startsWith('@@')) return 'cyan'
  if (line.startsWith('+')) return 'green'
  return line.startsWith('-') ? 'red' : undefined
}

/** A unified diff as indented lines, in colours or plain. */
export function diffLines(diff: string, colour: boolean): readonly string[] {
  if (diff === '') return []
  const lines = sanitise(diff, 'lines').trimEnd().split('\n')
  const rest = lines.length - MOST
  const shown = lines.slice(0, MOST).map(line => {
    const style = styleOf(line)
    return `  ${style === undefined ? line : paint(style, line, colour)}`
  })
  return rest > 0 ? [...shown, `  ... and ${rest} more lines`] : shown
}
