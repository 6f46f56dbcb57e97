import type { Readable } from 'node:stream'

/** One version of a service's code. */
export interface Release {
  /** 12 hexadecimal digits that follow from the content: the same files have the same id. */
  readonly id: string
  /** The ref as the operator gave it. */
  readonly label: string
  /** Of a release that is an image in a registry: `registry.example/app@sha256:...`. It has no files. */
  readonly image?: string
  /** The files as a tar, the same bytes each time. */
  archive(): Readable
}

/** How to see what could have been named. */
export const listHint = (source: string | undefined, git: boolean): string =>
  source === undefined ? 'give a git ref or a folder' : git ? `git -C ${source} tag` : `ls ${source}`
