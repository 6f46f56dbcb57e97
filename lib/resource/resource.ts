import type { PlannedChange } from '../events/event.ts'
import type { Secret } from '../shell/secret.ts'

/** One step of the acting script: shell code in a subshell of its own, with `set -eu` and an empty stdin unless told. */
export interface Step {
  /** What it does, for people: `install nginx, haproxy`. */
  readonly title: string
  readonly script: string
  /** What the step reads on stdin: the only way for a secret to reach it. */
  readonly stdin?: string | Secret | Uint8Array
  /** Seconds after which the step is ended and has failed. 600 unless told. */
  readonly timeout?: number
}

/** What one resource needs to become as wanted. */
export interface Change {
  readonly action: PlannedChange['action']
  /** What differs, in a few words, never a secret. */
  readonly detail: string
}

/**
 * A kind of resource as three pure parts. `observe` gives shell code for ALL wanted items of the kind, so that a host
 * is asked once whatever their number; `parse` reads what that code printed into what was seen of each item, in
 * order; `diff` compares; `act` gives the steps that make it so.
 */
export interface Kind<Wanted, Seen> {
  readonly name: string
  /** POSIX sh (dash) code that changes nothing and prints what `parse` reads. */
  observe(wanted: readonly Wanted[]): string
  /** One `Seen` for each wanted item, in the same order. */
  parse(output: string, wanted: readonly Wanted[]): readonly Seen[]
  /** Undefined when the item is as wanted. */
  diff(wanted: Wanted, seen: Seen): Change | undefined
  act(wanted: Wanted, seen: Seen): readonly Step[]
}

/** A step that runs once at the end when any resource that names it has changed: a restart, a reload. */
export interface Handler {
  /** Unique on the host: `restart haproxy`. */
  readonly id: string
  readonly script: string
}

/** One piece of wanted state on a host. */
export interface Resource<Wanted = unknown, Seen = unknown> {
  /** Unique on the host: `file /etc/motd`. */
  readonly id: string
  readonly kind: Kind<Wanted, Seen>
  readonly wanted: Wanted
  readonly notify: readonly Handler[]
}
