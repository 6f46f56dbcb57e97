import type { SelectionParams } from './selection.ts'
import type { Change } from './store.ts'

export interface BulkParams extends SelectionParams {
  readonly stale: string
  readonly limit?: number | undefined
  readonly reason?: string | undefined
  readonly resume?: string | undefined
}

export interface BulkOptions {
  readonly change: Change
  /** Take locks of living workers as well. */
  readonly force: boolean
  /** Who runs it, for the receipt. */
  readonly who: string
}
