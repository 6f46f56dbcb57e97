import Table from 'cli-table3'
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

/**
 * Rows under a head line, in columns, ready to print. Cells are sanitised; wide characters count double, so that
 * columns stay straight. Lines have no blanks at their end and the text ends with a newline.
 */
export function table(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const grid = new Table({
    chars: NO_BORDERS,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  })
  grid.push(
    columns.map(column => column.toUpperCase()),
    ...rows.map(row => columns.map((_, index) => text(row[index]))),
  )
  return grid
    .toString()
    .split('\n')
    .map(line => `${line.trimEnd()}\n`)
    .join('')
}
