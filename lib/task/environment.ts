import type { EventSink } from '../events/event.ts'
import type { Fleet } from '../fleet/model.ts'
import type { Review } from '../resource/review.ts'
import type { AskSecret } from '../transport/keyring.ts'
import type { LocalPaths, OperatorConsole, Question } from './context.ts'

/** Everything a run takes from outside: the fleet, the options, the terminal, the clock. */
export interface Environment {
  readonly fleet: Fleet
  /** `--on` selectors. */
  readonly on: readonly string[]
  readonly planOnly: boolean
  /** Milliseconds to wait for a lease that somebody else holds: `--wait`. */
  readonly wait: number
  /** Why, in the operator's words: `--message`. */
  readonly message?: string
  /** The run that goes on, or, without an id, the one whose decisions a new run takes over. */
  readonly resumes?: {
    readonly runId?: string
    readonly pins: Readonly<Record<string, string>>
    /** What decided them, for people: `run 3f9a`, `the plan`. */
    readonly decidedBy: string
    /** When it began, ISO 8601. */
    readonly startedAt?: string
  }
  /** What was reviewed: the run does that and nothing else. */
  readonly review?: Review
  /** Version of this program. */
  readonly version: string
  readonly concurrency: number
  /** Milliseconds that connecting or one command may take. */
  readonly timeout: number
  /** `--yes` alone, or with the count it agrees to. */
  readonly yes: boolean | number
  readonly isInteractive: boolean
  readonly emit: EventSink
  /** Writes to stdout. */
  readonly print: (text: string) => void
  /** Asks at the terminal; true when the operator agreed. */
  readonly ask: (question: Question) => Promise<boolean>
  readonly console: OperatorConsole
  /** Asks at the terminal for a passphrase or password; left out where nobody can be asked. */
  readonly askSecret?: AskSecret
  readonly signal: AbortSignal
  readonly paths: LocalPaths
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: () => Date
}
