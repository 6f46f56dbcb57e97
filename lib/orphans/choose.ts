import { UsageError } from '../errors.ts'
import { suggest } from '../suggest.ts'
import { ORPHAN_TYPES, orphanName, type Orphan } from './orphan.ts'

const EXAMPLE = 'like: fleet prune cron old-job user svc-old'

/** Reads `cron old-job user svc-old`, also as `'cron old-job'`, into names; `all` stays alone. Throws a UsageError. */
export function parseNames(words: readonly string[]): readonly string[] {
  const parts = words.flatMap(word => word.split(/\s+/)).filter(Boolean)
  if (parts.length === 1 && parts[0] === 'all') return ['all']
  const names: string[] = []
  for (let at = 0; at < parts.length; at += 2) {
    const [type = '', name] = parts.slice(at, at + 2)
    if (!ORPHAN_TYPES.some(known => known === type)) {
      const meant = suggest(type, ORPHAN_TYPES)
      throw new UsageError(
        `unknown sort of thing "${type}"${meant === undefined ? '' : `, did you mean "${meant}"?`}`,
        { hint: `${ORPHAN_TYPES.join(', ')}, each with a name, ${EXAMPLE}` },
      )
    }
    if (name === undefined) throw new UsageError(`${type}: which one?`, { hint: `fleet diff; ${EXAMPLE}` })
    names.push(`${type} ${name}`)
  }
  return [...new Set(names)]
}

/** What of the orphans goes, by host, and what was asked for and is nowhere. */
export interface Chosen {
  readonly remove: ReadonlyMap<string, readonly Orphan[]>
  /** Folders that `all` would take but for their data. */
  readonly kept: readonly string[]
  /** Names that no host has. */
  readonly missing: readonly string[]
}

/**
 * Chooses by name. Folders hold data: they go only with `data`. Throws a UsageError for a folder that is named without
 * it. Pure.
 */
export function chooseOrphans(
  orphans: ReadonlyMap<string, readonly Orphan[]>,
  names: readonly string[],
  data: boolean,
): Chosen {
  const isAll = names[0] === 'all'
  const everything = [...orphans.values()].flat()
  const isAsked = (orphan: Orphan): boolean => isAll || names.includes(orphanName(orphan))
  const kept = data ? [] : everything.filter(each => each.type === 'folder' && isAsked(each)).map(orphanName)
  if (!isAll && kept.length > 0) {
    throw new UsageError(`${[...new Set(kept)].join(', ')}: holds data, which stays`, {
      hint: 'pass --data to remove it for good',
    })
  }
  const remove = new Map(
    [...orphans].map(([host, found]) => [
      host,
      found.filter(each => isAsked(each) && (data || each.type !== 'folder')),
    ]),
  )
  const there = new Set(everything.map(orphanName))
  return {
    remove,
    kept: [...new Set(kept)],
    missing: isAll ? [] : names.filter(name => !there.has(name)),
  }
}
