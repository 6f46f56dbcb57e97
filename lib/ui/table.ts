import Table from 'cli-table3'
import { columnsOf } from '../text/clip.ts'
import { sanitise } from '../text/sanitise.ts'

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

export type Cell = string | number | boolean | null | undefined

const text = (cell: Cell): string => sanitise(String(cell ?? ''))

const GAP = 2
/** Before what did not fit beside the first columns of its row. */
const INDENT = '    '

/** Which columns stand side by side: all where they fit, else as many as do, and the rest beneath them. */
function folds(cells: readonly (readonly string[])[], columns: number, width: number): readonly number[][] {
  const parts: number[][] = []
  let used = 0
  for (let index = 0; index < columns; index++) {
    const own = Math.max(...cells.map(row => columnsOf(row[index] ?? '')))
    const part = parts.at(-1)
    if (part !== undefined && used + GAP + own <= width) {
      part.push(index)
      used += GAP + own
    } else {
      used = own + (parts.length === 0 ? 0 : INDENT.length)
      parts.push([index])
    }
  }
  return parts
}

function linesOf(cells: readonly (readonly string[])[], part: readonly number[]): readonly string[] {
  const grid = new Table({
    chars: NO_BORDERS,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  })
  grid.push(...cells.map(row => part.map(index => row[index] ?? '')))
  return grid.toString().split('\n')
}

/**
 * Rows under a head line, in columns, ready to print. Cells are sanitised; wide characters count double, so that
 * columns stay straight. Where `width` columns are too few, the last columns of each row stand beneath its first ones.
 * Lines have no blanks at their end and the text ends with a newline.
 */
export function table(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  width = Number.POSITIVE_INFINITY,
): string {
  const head = columns.map(column => column.toUpperCase())
  const cells = [head, ...rows.map(row => columns.map((_, index) => text(row[index])))]
  const parts = folds(cells, columns.length, width).map(part => linesOf(cells, part))
  return cells
    .flatMap((_, row) => parts.map((lines, part) => `${part === 0 ? '' : INDENT}${lines[row] ?? ''}`))
    .map(line => `${line.trimEnd()}\n`)
    .join('')
}
