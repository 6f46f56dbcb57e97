import { parseArgs } from 'node:util'
import { ROWS, type RowId } from './rows.ts'

export interface Options {
  readonly rows: readonly RowId[]
  /** Tools by name, all when empty. */
  readonly only: readonly string[]
  /** At most so many hosts in each row: for a rehearsal. */
  readonly hosts: number
  /** Measured runs of what is over in seconds. */
  readonly rounds: number
  /** Installs missing tools: Debian's by apt-get, PyPI's into folders of the cache. */
  readonly install: boolean
}

const list = (text: string | undefined): string[] => text?.split(',').filter(each => each !== '') ?? []

/** Reads the flags. Throws on a row that there is not. */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rows: { type: 'string' },
      only: { type: 'string' },
      hosts: { type: 'string', default: '200' },
      rounds: { type: 'string', default: '3' },
      install: { type: 'boolean', default: false },
    },
  })
  const wanted = list(values.rows)
  const ids = ROWS.map(({ id }) => id)
  const wrong = wanted.find(id => !ids.some(each => each === id))
  if (wrong !== undefined) throw new Error(`no row ${wrong}: ${ids.join(', ')}`)
  return {
    rows: wanted.length === 0 ? ids : ids.filter(id => wanted.includes(id)),
    only: list(values.only),
    hosts: Number(values.hosts),
    rounds: Number(values.rounds),
    install: values.install,
  }
}
