import { parseArgs } from 'node:util'

/** What can be measured, in this order. */
export const ROWS = ['fleet', 'stop-run', 'nginx', 'swarm', 'commands', 'ship'] as const

export type RowId = (typeof ROWS)[number]

export interface Options {
  readonly rows: readonly RowId[]
  /** Swaps of ours in a row. */
  readonly swaps: number
  /** Swaps of each other way: they fail soon enough. */
  readonly others: number
  /** Swaps and rollbacks by the command itself. */
  readonly rounds: number
}

/** Reads the flags. Throws on a row that there is not. */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rows: { type: 'string', default: '' },
      swaps: { type: 'string', default: '20' },
      others: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
    },
  })
  const wanted = values.rows.split(',').filter(each => each !== '')
  const wrong = wanted.find(id => !ROWS.some(each => each === id))
  if (wrong !== undefined) throw new Error(`no row ${wrong}: ${ROWS.join(', ')}`)
  const swaps = Number(values.swaps)
  return {
    rows: wanted.length === 0 ? ROWS : ROWS.filter(id => wanted.includes(id)),
    swaps,
    others: Math.min(swaps, Number(values.others)),
    rounds: Math.min(swaps, Number(values.rounds)),
  }
}
