/** One condition on users, free of any store's language. */
export type Condition =
  | { readonly kind: 'stranded' | 'locked' | 'queued' | 'suppressed' }
  /** At least so many errors, of both kinds together. */
  | { readonly kind: 'errors'; readonly atLeast: number }
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  /** A glob: `*` any characters, `?` one; upper and lower case alike. */
  | { readonly kind: 'email'; readonly glob: string }
  /** The host that holds the lock. */
  | { readonly kind: 'host'; readonly glob: string }
  /** The only host that may synchronise the user. */
  | { readonly kind: 'only-host'; readonly glob: string }
  | { readonly kind: 'worker'; readonly process: number }
  /** Locked or queued for longer than this. */
  | { readonly kind: 'older'; readonly seconds: number }
  /** Last synchronised longer ago than this, or never. */
  | { readonly kind: 'unsynced'; readonly seconds: number }

/** Conditions that must all hold; none at all means every user. */
export type Filter = readonly Condition[]
