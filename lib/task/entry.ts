import type { Task } from './define.ts'

/** A task as the command line knows it before it is loaded. */
export interface TaskEntry {
  /** The words of the command: `workers set`. */
  readonly name: string
  readonly summary: string
  /** The file of a user's own task. */
  readonly file?: string
  load(): Promise<{ readonly default: Task }>
}

/** What the words on the command line lead to. */
export type Found =
  | { readonly kind: 'task'; readonly entry: TaskEntry }
  /** The first words of several commands. */
  | { readonly kind: 'group'; readonly name: string; readonly entries: readonly TaskEntry[] }
  | { readonly kind: 'unknown'; readonly word: string }
  | { readonly kind: 'nothing' }

/** Finds the task with the most words that the command line begins with. */
export function findTask(entries: readonly TaskEntry[], words: readonly string[]): Found {
  if (words.length === 0) return { kind: 'nothing' }
  for (let count = words.length; count > 0; count--) {
    const name = words.slice(0, count).join(' ')
    const entry = entries.find(each => each.name === name)
    if (entry !== undefined) return { kind: 'task', entry }
    const below = entries.filter(each => each.name.startsWith(`${name} `))
    if (below.length > 0 && count === words.length) return { kind: 'group', name, entries: below }
  }
  return { kind: 'unknown', word: unknownPart(entries, words) }
}

/** `workers st` when there is a `workers` group, so that the suggestion is one of its commands. */
function unknownPart(entries: readonly TaskEntry[], words: readonly string[]): string {
  const [first = '', second] = words
  const isGroup = entries.some(each => each.name.startsWith(`${first} `))
  return isGroup && second !== undefined ? `${first} ${second}` : first
}
