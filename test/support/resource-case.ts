import { createHash } from 'node:crypto'
import type { Change, Resource, Step } from '../../lib/resource/resource.ts'

export interface Judged {
  /** What differs; undefined when all is as wanted. */
  readonly detail: string | undefined
  readonly action: Change['action'] | undefined
  readonly steps: readonly Step[]
  readonly note: string | undefined
}

/** What a resource makes of what its observing code printed. */
export function judge({ kind, wanted }: Resource, output: string): Judged {
  const [seen] = kind.parse(output, [wanted])
  const change = kind.diff(wanted, seen)
  return {
    detail: change?.detail,
    action: change?.action,
    steps: change ? kind.act(wanted, seen) : [],
    note: kind.note?.(wanted, seen),
  }
}

/** What the path kinds print of one path: `f 644 root root`. */
export function pathOutput(
  path: string,
  facts: string,
  more: { target?: string; content?: string } = {},
): string {
  const { target = '', content } = more
  const hash = content === undefined ? '' : `${createHash('sha256').update(content).digest('hex')}  ${path}\0`
  return `${path}\0${facts}\0${target}\0\0${hash}`
}

/** What they print when it is not there. */
export const NO_PATH = '\0'
