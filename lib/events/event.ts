/** How one host, or the whole run, ended. */
export type Outcome = 'changed' | 'unchanged' | 'failed' | 'unreachable' | 'skipped'

/** A single change that a plan holds, ready to be shown. */
export interface PlannedChange {
  readonly resource: string
  readonly action: 'create' | 'change' | 'remove' | 'run'
  /** What differs, in a few words: `0644 -> 0600`, `3 of 10 packages missing`. Never a secret. */
  readonly detail: string
  /** Of a file that changes: a unified diff, secrets masked. Only where a plan asks for it. */
  readonly diff?: string
}

/**
 * What the engine says while it works; renderers print it and `--json` writes it as one line each.
 * A field named `host` is always a host's name in the fleet. No event ever carries a secret.
 */
export type FleetEvent =
  | {
      readonly type: 'run-started'
      readonly task: string
      readonly fleet: string
      readonly hosts: readonly string[]
    }
  | { readonly type: 'phase'; readonly title: string }
  | { readonly type: 'note'; readonly text: string; readonly host?: string }
  | { readonly type: 'warning'; readonly text: string; readonly host?: string }
  | {
      readonly type: 'host-planned'
      readonly host: string
      readonly changes: readonly PlannedChange[]
      /** What could not be had there and is left alone. */
      readonly notes?: readonly string[]
    }
  | { readonly type: 'step-started'; readonly host: string; readonly step: string }
  | { readonly type: 'step-output'; readonly host: string; readonly step: string; readonly text: string }
  | {
      readonly type: 'step-ended'
      readonly host: string
      readonly step: string
      readonly exitCode: number
      readonly milliseconds: number
    }
  | {
      readonly type: 'host-ended'
      readonly host: string
      readonly outcome: Outcome
      readonly changed: number
      readonly reason?: string
    }
  | {
      readonly type: 'progress'
      readonly id: string
      readonly text: string
      readonly done: number
      readonly total?: number
    }
  | { readonly type: 'result'; readonly data: unknown }
  | {
      readonly type: 'run-ended'
      readonly exitCode: number
      readonly milliseconds: number
      readonly error?: { readonly code: string; readonly message: string; readonly hint?: string }
    }

/** Takes events as they come. */
export type EventSink = (event: FleetEvent) => void
