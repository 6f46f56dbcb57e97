import type { Command } from 'commander'
import { UsageError } from '../lib/errors.ts'
import { parseDuration } from '../lib/text/duration.ts'

/** The options that every command has. */
export interface Globals {
  readonly fleet: string | undefined
  readonly on: readonly string[]
  readonly json: boolean
  readonly yes: boolean | number
  readonly planOnly: boolean
  readonly concurrency: number
  /** Milliseconds. */
  readonly timeout: number
  readonly verbosity: number
  /** Milliseconds. */
  readonly wait: number
  readonly message: string | undefined
}

const CONCURRENCY = 10
const TIMEOUT = 10 * 60_000
/** A timer that is set further away than this ends at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1

const count = (name: string) => (text: string) => {
  const number = /^\d+$/.test(text) ? Number(text) : 0
  if (number > 0 && Number.isSafeInteger(number)) return number
  throw new UsageError(`--${name}: must be a whole number of at least 1, not "${text}"`, {
    hint: `like --${name} 4`,
  })
}

const duration =
  (name: string) =>
  (text: string): number => {
    const milliseconds = parseDuration(text)
    if (milliseconds !== undefined && milliseconds > 0) return Math.min(milliseconds, LONGEST_TIMEOUT)
    throw new UsageError(`--${name}: must be a duration, not "${text}"`, {
      hint: 'like 500ms, 30s, 5m or 1h30m',
    })
  }

/** A selector that is empty is a variable that was: it must not mean every host. */
function split(text: string, before: readonly string[] = []): readonly string[] {
  const parts = text.split(',').map(part => part.trim())
  if (!parts.includes('')) return [...before, ...parts]
  throw new UsageError(`--on: ${text.trim() === '' ? 'is empty' : `an empty name in "${text}"`}`, {
    hint: 'a host, a role, a glob like "web*" or !host; leave --on out for all hosts',
  })
}

/** Shown on other people's terminals and kept in log lines. */
function oneLine(text: string): string {
  if (/^[^\p{Cc}\p{Cf}]{1,200}$/u.test(text)) return text
  throw new UsageError('--message: must be one line of at most 200 characters', {
    hint: 'like --message "fix the login"',
  })
}

/** Declares the global options; they are understood before and after the command. */
export function addGlobals(program: Command): Command {
  return program
    .option('--fleet <name|path>', 'the fleet to work on (default: lab, or the only one in ./inventory)')
    .option('--on <selector>', 'only these hosts: host, role, glob or !host; comma list or repeated', split)
    .option('--plan', 'show what would change and change nothing')
    .option('--yes [count]', 'agree to every question; bulk actions want their exact count', text =>
      text === '' ? true : count('yes')(text),
    )
    .option('--json', 'write events to stdout, one JSON object a line')
    .option('--concurrency <n>', `hosts worked on at once (default: ${CONCURRENCY})`, count('concurrency'))
    .option('--timeout <duration>', 'give a command up after this long (default: 10m)', duration('timeout'))
    .option(
      '--wait <duration>',
      'wait this long for what another run holds (default: not at all)',
      duration('wait'),
    )
    .option('-m, --message <text>', 'why: shown to whoever is kept waiting, kept in the history', oneLine)
    .option(
      '-v, --verbose',
      'say more: -v steps, -vv their output, -vvv everything',
      (_, times: number) => times + 1,
      0,
    )
}

/** The global options of a parsed command line. */
export function readGlobals(program: Command): Globals {
  const options: Record<string, unknown> = program.opts()
  const { fleet, on, json, yes, plan, concurrency, timeout, verbose, wait, message } = options
  return {
    fleet: typeof fleet === 'string' ? fleet : undefined,
    on: Array.isArray(on) ? on.map(String) : [],
    json: json === true,
    yes: typeof yes === 'number' ? yes : yes === true,
    planOnly: plan === true,
    concurrency: typeof concurrency === 'number' ? concurrency : CONCURRENCY,
    timeout: typeof timeout === 'number' ? timeout : TIMEOUT,
    verbosity: typeof verbose === 'number' ? verbose : 0,
    wait: typeof wait === 'number' ? wait : 0,
    message: typeof message === 'string' ? message : undefined,
  }
}
