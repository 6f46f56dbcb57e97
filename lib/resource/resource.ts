import type { PlannedChange } from '../events/event.ts'
import type { Command } from '../shell/sh.ts'
import type { Secret } from '../shell/secret.ts'

interface StepParts {
  /** What it does, for people, whole: `install nginx, haproxy`, `write /etc/motd`. */
  readonly title: string
  /** What the step reads on stdin, or writes: the only way for a secret to reach it. */
  readonly stdin?: string | Secret | Uint8Array
  /** Seconds after which the step is ended and has failed. 600 unless told. */
  readonly timeout?: number
}

/** Shell code for a `sh` of its own, with `set -eu`, umask 022, `/` as its folder, no arguments and an empty stdin unless told. */
export interface ScriptStep extends StepParts {
  readonly script: string
}

/** A file that is written whole, or stays as it is: what starts no program costs a host next to nothing. */
export interface WriteStep extends StepParts {
  readonly write: FileWrite
}

/** The file of a `WriteStep`; its content is the step's stdin. */
export interface FileWrite {
  readonly path: string
  readonly mode: number
  readonly owner: string
  readonly group: string
  /** Make missing directories on the way, 0755. */
  readonly parents: boolean
}

/** One step of the acting script. */
export type Step = ScriptStep | WriteStep

/** What one resource needs to become as wanted. */
export interface Change {
  readonly action: PlannedChange['action']
  /** What differs, in a few words, never a secret. */
  readonly detail: string
}

/**
 * A kind of resource as pure parts. `observe` gives shell code for ALL wanted items of the kind, so that a host is
 * asked once whatever their number; `parse` reads what that code printed into what was seen of each item, in order;
 * `diff` compares; `act` gives the steps that make it so.
 */
export interface Kind<Wanted, Seen> {
  readonly name: string
  /**
   * POSIX sh (dash) code that changes nothing and prints what `parse` reads. It runs in a subshell without `set -e`;
   * an exit code but 0 is a failure of the kind, told with what it printed to stderr. A program that is not installed
   * is not a failure: what it would manage is absent.
   */
  observe(wanted: readonly Wanted[]): string
  /** One `Seen` for each wanted item, in the same order. */
  parse(output: string, wanted: readonly Wanted[]): readonly Seen[]
  /** Undefined when the item is as wanted. */
  diff(wanted: Wanted, seen: Seen): Change | undefined
  act(wanted: Wanted, seen: Seen): readonly Step[]
  /** Something an operator should know though nothing can be done about it: `no swap in a container`. */
  note?(wanted: Wanted, seen: Seen): string | undefined
  /** Its changes bring files and services that were not there when the host was observed: packages. */
  readonly installs?: boolean
  /**
   * What to do with an item that was as wanted, when a change before it `installs`: a file wanted absent may come with
   * the package. Without it, a second run would be needed.
   */
  afterInstall?(wanted: Wanted, seen: Seen): Change | undefined
  /** The file that a plan shows as a diff, for kinds that write one. A Secret is shown masked. */
  body?(wanted: Wanted): Body | undefined
  /** SHA-256 of what that file held when it was seen; undefined where there was none. */
  replaced?(seen: Seen): string | undefined
}

/** What a file is to hold. */
export interface Body {
  /** Absolute, or `~user/...`: under the home that this user has on the host. */
  readonly path: string
  readonly content: string | Secret | Uint8Array
}

/** A step that runs once at the end when any resource that names it has changed: a restart, a reload. */
export interface Handler {
  /** Unique on the host: `restart haproxy`. */
  readonly id: string
  readonly script: string
  /** Seconds after which it is ended and has failed. 600 unless told. */
  readonly timeout?: number
}

/** One piece of wanted state on a host. */
export interface Resource<Wanted = unknown, Seen = unknown> {
  /** Unique on the host: `file /etc/motd`. */
  readonly id: string
  readonly kind: Kind<Wanted, Seen>
  readonly wanted: Wanted
  readonly notify: readonly Handler[]
  /** Left alone on a host where this command, asked while the host is observed, does not end with 0. */
  readonly onlyIf?: Command
  /** Ids of resources of the same host that come before it, wherever they stand in the list. */
  readonly after?: readonly string[]
}
