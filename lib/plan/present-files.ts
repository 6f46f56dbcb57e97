import { CommandError } from '../errors.ts'
import { delivered, newNonce, program, runnerFor } from '../resource/program.ts'
import { quote } from '../shell/quote.ts'
import { tail } from '../text/last-lines.ts'
import type { Transport } from '../transport/transport.ts'

/** Bytes of a file up to which its content is fetched and shown. */
export const LARGEST = 256 * 1024

/** A regular file as it is on a host. */
export interface PresentFile {
  readonly size: number
  /** Not everybody on the host may read it. */
  readonly isPrivate: boolean
  /** Undefined when it is larger than LARGEST. */
  readonly content: Buffer | undefined
}

/** A word for the shell; `~user/x` under the home that the host knows, or under none. */
function word(path: string): string {
  const [, user, rest] = /^~([a-z_][a-z0-9_-]{0,31})\/(.+)$/.exec(path) ?? []
  if (user === undefined || rest === undefined) return quote(path)
  return `"$(getent passwd ${quote(user)} | cut -d: -f6)"/${quote(rest)}`
}

/**
 * Prints `index size readable` and the content as base64 for each path that is a regular file, by number. What nobody
 * may read is told by a login that may nothing: it counts the folders above as well.
 */
export const presentScript = (paths: readonly string[]): string => `
set -- ${paths.map(word).join(' ')}
open=$(runuser -u nobody -- sh -c 'index=0
  for path; do [ ! -r "$path" ] || printf " %s " "$index"; index=$((index + 1)); done' sh "$@" 2>/dev/null) || open=
index=0
for path; do
  if [ -f "$path" ] && [ ! -L "$path" ]; then
    size=$(stat -c %s -- "$path") || exit 1
    case $open in *" $index "*) who=all ;; *) who=some ;; esac
    body=-
    [ "$size" -gt ${LARGEST} ] || body=$(base64 -w 0 <"$path") || exit 1
    printf '%s %s %s %s %s\\n' "$nonce" "$index" "$size" "$who" "\${body:-=}"
  fi
  index=$((index + 1))
done
echo "$nonce end"`

/** Reads what it printed: a file for each path, undefined where there is none. */
export function parsePresent(
  output: string,
  nonce: string,
  count: number,
): (PresentFile | undefined)[] | undefined {
  const files = Array.from({ length: count }, (): PresentFile | undefined => undefined)
  for (const line of output.split('\n')) {
    const [mark, index = '', size = '0', who, body = '-'] = line.split(' ')
    if (mark !== nonce) continue
    if (index === 'end') return files
    const content = body === '-' ? undefined : Buffer.from(body, 'base64')
    files[Number(index)] = { size: Number(size), isPrivate: who !== 'all', content }
  }
  return undefined
}

/** What is at these paths of a host now, by one execution as root, at most LARGEST bytes of each. */
export async function presentFiles(
  transport: Transport,
  paths: readonly string[],
  limit: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<readonly (PresentFile | undefined)[]> {
  const nonce = newNonce()
  const runner = runnerFor(transport.user, true)
  const { command, stdin } = delivered(program(nonce, presentScript(paths)))
  const { stdout, stderr, exitCode } = await transport.exec(command, {
    ...limit,
    stdin,
    root: runner.root,
  })
  const files = parsePresent(stdout.toString('latin1'), nonce, paths.length)
  if (files !== undefined) return files
  throw new CommandError(
    `cannot read the files that differ: exit code ${exitCode}${tail(stderr.toString('utf8'))}`,
    { host: transport.host },
  )
}
