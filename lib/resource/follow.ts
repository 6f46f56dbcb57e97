import { CommandError } from '../errors.ts'
import { quote } from '../shell/quote.ts'
import { tail } from '../text/last-lines.ts'
import type { Transport } from '../transport/transport.ts'
import { follow } from './follow-code.ts'
import { delivered, newNonce, program, type Runner } from './program.ts'

/** Where to go on in which journal. */
export interface JournalPlace {
  readonly runId: string
  /** `001`, or the nonce of the script that writes it where the number never came. */
  readonly journal: string
  /** Bytes that are known already. */
  readonly from: number
}

/** The exit code of a follower that found no such journal: nothing was begun. */
const NO_JOURNAL = 66

/**
 * Follows a journal on a host from a byte on, as it is written, until its script has ended; `onBytes` returns true
 * when it has seen enough, which is what is waited for then. Resolves with false when there is no such journal. Throws
 * ConnectError when the connection is lost: the script goes on.
 */
export async function followJournal(
  transport: Transport,
  runner: Runner,
  { runId, journal, from }: JournalPlace,
  onBytes: (chunk: Uint8Array) => boolean,
): Promise<boolean> {
  const body = `folder=${runner.stateFolder}/runs/${runId}
header= journal=$folder/${journal}.journal
if [ ! -e "$journal" ]; then
  for journal in "$folder"/*.journal ''; do
    [ ! -e "$journal" ] || read -r header <"$journal" || continue
    case $header in *${quote(journal)}*) break ;; esac
  done
  [ -n "$journal" ] || exit ${NO_JOURNAL}
fi
${follow(from + 1)}`
  const { command, stdin } = delivered(program(newNonce(), body))
  const { result, enough } = untilEnough(onBytes, onStdout =>
    transport.exec(command, {
      stdin,
      root: runner.root,
      discardStdout: true,
      onStdout,
    }),
  )
  const ended = await Promise.race([enough, result])
  if (ended === undefined || ended.exitCode === 0) return true
  if (ended.exitCode === NO_JOURNAL) return false
  throw new CommandError(`cannot follow its journal${tail(ended.stderr.toString('utf8'))}`, {
    host: transport.host,
    hint: `fleet show ${runId}`,
  })
}

/** Runs `work`; `enough` resolves when `onBytes` says so, and the rest of the work is of no interest then. */
export function untilEnough<T>(
  onBytes: (chunk: Uint8Array) => boolean,
  work: (onStdout: (chunk: Uint8Array) => void) => Promise<T>,
): { result: Promise<T>; enough: Promise<undefined> } {
  let tell: () => void = () => undefined
  const enough = new Promise<undefined>(resolve => (tell = () => resolve(undefined)))
  const result = work(chunk => {
    if (onBytes(chunk)) tell()
  })
  // Whoever has seen enough does not wait for it; an error then is nobody's.
  result.catch(() => undefined)
  return { result, enough }
}
