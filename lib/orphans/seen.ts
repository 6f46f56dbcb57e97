import { CommandError } from '../errors.ts'
import { HEADER_PATTERN } from '../resource/header.ts'
import { delivered, newNonce, program, runnerFor } from '../resource/program.ts'
import { quote } from '../shell/quote.ts'
import { tail } from '../text/last-lines.ts'
import type { Transport } from '../transport/transport.ts'
import { FOLDERS } from './orphan.ts'

/** Everything on a host that looks as if fleet had made it. */
export interface SeenThings {
  /** Paths of files with our header. */
  readonly files: readonly string[]
  readonly users: readonly string[]
  /** Folders of services, with code or with their environment in them. */
  readonly folders: readonly string[]
  readonly containers: readonly { readonly name: string; readonly state: string }[]
  /** Lines of `ss -Htulnp`. */
  readonly sockets: readonly string[]
}

/**
 * Prints sections of fields that end with NUL, which no name holds; a section begins with an empty field. A program that
 * is not installed has made nothing.
 */
export const seenScript = (): string => `
section() { printf '\\0%s\\0' "$1"; }
section files
for folder in ${FOLDERS.map(quote).join(' ')}; do
  [ ! -d "$folder" ] || find "$folder" -maxdepth 2 -type f -size -512k -exec grep -lZE ${quote(HEADER_PATTERN)} {} +
done
section users
# A team's own svc-backup lives elsewhere.
getent passwd | awk -F: '/^svc-/ && $6 == "/srv/" substr($1, 5) { print $1 }' | tr '\\n' '\\0'
section folders
for mark in /srv/*/releases/*/.fleetfile-release; do
  [ ! -e "$mark" ] || printf '%s\\0' "\${mark%/releases/*}"
done
find /etc/fleetfile -mindepth 1 -maxdepth 1 -type d -print0 2>/dev/null
section containers
# Images, and so migrations, have the other labels as well.
for engine in docker podman; do
  command -v $engine >/dev/null || continue
  $engine ps --all --filter label=fleetfile.slot --format '{{.Names}} {{.State}}' 2>/dev/null | tr '\\n' '\\0'
done
section sockets
ss -Htulnp 2>/dev/null | tr '\\n' '\\0'
section end`

/** Reads what it printed; undefined when the end is missing. */
export function parseSeen(output: string): SeenThings | undefined {
  const sections = new Map<string, string[]>()
  const fields = output.split('\0')
  let current: string[] | undefined
  for (let at = 0; at < fields.length; at += 1) {
    const field = fields[at] ?? ''
    if (field === '') {
      current = []
      sections.set(fields[at + 1] ?? '', current)
      at += 1
    } else current?.push(field)
  }
  if (!sections.has('end')) return undefined
  const of = (name: string): readonly string[] => [...new Set(sections.get(name))]
  return {
    files: of('files'),
    users: of('users'),
    folders: of('folders'),
    containers: of('containers').map(line => {
      const [name = '', state = ''] = line.split(' ')
      return { name, state }
    }),
    sockets: of('sockets'),
  }
}

/** Looks at one host, by one execution as root that changes nothing. */
export async function seenOn(
  transport: Transport,
  limit: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<SeenThings> {
  const runner = runnerFor(transport.user, true)
  const { command, stdin } = delivered(program(newNonce(), seenScript()))
  const { stdout, stderr, exitCode } = await transport.exec(command, {
    ...limit,
    stdin,
    root: runner.root,
  })
  const seen = parseSeen(stdout.toString('utf8'))
  if (seen !== undefined) return seen
  throw new CommandError(`cannot see what is there: exit code ${exitCode}${tail(stderr.toString('utf8'))}`, {
    host: transport.host,
  })
}
