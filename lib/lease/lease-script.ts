import { byOurClock } from '../runs/host-time.ts'
import { quote } from '../shell/quote.ts'
import { sanitise } from '../text/sanitise.ts'

/**
 * Seconds that the holder on the host waits for the client's next sign of life. A client that is killed or a host that
 * reboots ends it at once; this is for a network that is cut, of which nobody is told. Signs come every 2 s, but behind
 * at most 2 MB of an upload (ssh2's window), which takes 8 s at 2 Mbit/s.
 */
export const HOLDER_LIMIT = 15

/** Who holds a lease, as its file says. */
export interface Holder {
  /** What is held: a service, or `host`. */
  readonly name: string
  readonly owner: string
  readonly run: string
  /** ISO 8601, UTC, by our clock. */
  readonly since: string
  readonly message: string
  /** Seconds since its client was last heard of. */
  readonly silent: number | undefined
}

/** Whose lease it is to be. */
export interface Claim {
  readonly owner: string
  readonly runId: string
  readonly message?: string
}

/** Where the lease of a name lies. */
export const leasePath = (folder: string, name: string): string => `${folder}/${name}.lease`

/** What the script says. A login shell may say other things before. */
const HELD = 'fleetfile: held'
const BUSY = 'fleetfile: busy'
const END = 'fleetfile: end'

/**
 * One level for each name: a level holds its lock and starts the next one, so that every process below holds all locks
 * above. The last one lives as long as the client is heard. What it holds stands in the files, whose time is that of the
 * last heartbeat.
 */
const LEVEL = `n=$1
shift
alive() { [ -n "$(timeout ${HOLDER_LIMIT} dd bs=64 count=1 2>/dev/null)" ]; }
beat() { i=0; for each; do i=$((i + 1)); [ "$i" -gt "$n" ] || touch -c "$each"; done; }
if [ "$n" -gt 0 ]; then
  eval "mine=\\\${$n}"
  printf '%s\\n' "$LEASE_CLAIM" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$mine" || exit 1
fi
if [ "$n" -eq "$#" ]; then
  echo '${HELD}'
  while alive; do beat "$@"; echo .; done
  : >"$mine"
  exit 0
fi
eval "next=\\\${$((n + 1))}"
told=- tries=0
while :; do
  flock -n -E 75 "$next" sh -c 'eval "$LEASE_LEVEL"' lease "$((n + 1))" "$@"
  code=$?
  [ "$code" -eq 75 ] || break
  by=$(cat "$next")
  # Between the lock and its first line, and between the last line and the end, nobody stands in it.
  if [ -z "$by" ] && [ "$tries" -lt 20 ]; then tries=$((tries + 1)); sleep 0.1; continue; fi
  if [ "$by" != "$told" ]; then
    told=$by
    printf '%s\\n' '${BUSY}' "$((n + 1))" "$(($(date +%s) - $(stat -c %Y "$next")))" "$(date +%s)" "$by" '${END}'
  fi
  code=76
  [ "$LEASE_WAIT" = yes ] || break
  alive || break
  beat "$@"
done
[ "$n" -eq 0 ] || : >"$mine"
exit "$code"`

const oneLine = (text: string): string => text.replaceAll(/[\0-\x1f\x7f]+/g, ' ')

/** Takes the leases one after another and holds them while its stdin is heard: one byte every few seconds. */
export function leaseScript(
  paths: readonly string[],
  { owner, runId, message = '' }: Claim,
  wait: boolean,
): string {
  const [first = ''] = paths
  const folder = quote(first.slice(0, first.lastIndexOf('/')))
  const claim = [owner, runId, message].map(oneLine).join('\n')
  return `umask 077
mkdir -p ${folder} && chmod 0700 ${folder} || exit 1
LEASE_LEVEL=${quote(LEVEL)}
LEASE_CLAIM=${quote(claim)}
LEASE_WAIT=${wait ? 'yes' : 'no'}
export LEASE_LEVEL LEASE_CLAIM LEASE_WAIT
exec sh -c 'eval "$LEASE_LEVEL"' lease 0 ${paths.map(quote).join(' ')}`
}

export type LeaseAnswer = { readonly held: true } | { readonly held: false; readonly holder: Holder }

/** Reads what the script says, in whatever pieces it comes. Heartbeats and everything else are left out. */
export class LeaseReader {
  readonly #names: readonly string[]
  #rest = ''
  #busy: string[] | undefined

  constructor(names: readonly string[]) {
    this.#names = names
  }

  *push(chunk: Uint8Array): Generator<LeaseAnswer> {
    const lines = (this.#rest + Buffer.from(chunk).toString('utf8')).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === HELD) yield { held: true }
      else if (line === BUSY) this.#busy = []
      else this.#busy?.push(line)
      if (this.#busy === undefined || line !== END) continue
      yield { held: false, holder: this.#holder(this.#busy) }
      this.#busy = undefined
    }
  }

  #holder(lines: readonly string[]): Holder {
    const [at = '', silent = '', clock = '', owner = '', run = '', message = '', since = ''] = lines.map(
      line => (line === END ? '' : sanitise(line)),
    )
    return {
      name: this.#names[Number(at) - 1] ?? '?',
      owner,
      run,
      message,
      since: byOurClock(since, Number(clock), Date.now()),
      silent: /^\d+$/.test(silent) ? Number(silent) : undefined,
    }
  }
}
