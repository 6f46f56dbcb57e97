import { UsageError } from '../errors.ts'
import type { Filter } from './filter.ts'
import { parseIds, readIdFile } from './ids.ts'
import { parseWhere } from './where.ts'

/** Who was asked for. */
export interface Selection {
  readonly filter: Filter
  /** The ids, where users were named one by one: each of them gets a result. */
  readonly ids: readonly string[] | undefined
  /** The same in words, for plans and receipts. */
  readonly text: string
}

export interface SelectionParams {
  readonly ids: readonly string[]
  readonly where: readonly string[]
  readonly file?: string | undefined
}

/** Reads the selection: ids, a file of ids, or conditions; one of the three. Undefined when none is given. */
export async function readSelection(
  { ids, where, file }: SelectionParams,
  cwd: string,
): Promise<Selection | undefined> {
  const ways = [ids.length > 0, where.length > 0, file !== undefined].filter(Boolean).length
  if (ways > 1) {
    throw new UsageError('name users by their ids, by --file or by --where: one of the three', {
      hint: 'leave out all but one of them',
    })
  }
  if (where.length > 0) {
    return { filter: parseWhere(where), ids: undefined, text: where.map(item => `--where ${item}`).join(' ') }
  }
  if (ways === 0) return undefined
  const named = file === undefined ? parseIds(ids) : await readIdFile(file, cwd)
  return {
    filter: [{ kind: 'ids', ids: named }],
    ids: named,
    text: file === undefined ? `${named.length} ids` : `--file ${file}`,
  }
}
