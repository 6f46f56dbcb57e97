import { CommandError } from '../errors.ts'
import { checkSlots, type AdminChange, type NotedFlip, type Proxy } from '../rollout/proxy.ts'
import type { HostContext } from '../rollout/rollout-context.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { parseServers } from './haproxy-state.ts'
import { notedFlip, refuseStopped } from './noted-flip.ts'
import { sanitise } from '../text/sanitise.ts'

/** Where HAProxy listens for commands and keeps what must survive it. The same paths as in its configuration. */
export const HAPROXY_PATHS = {
  socket: '/run/haproxy/admin.sock',
  state: '/var/lib/haproxy/server-state',
} as const

/** HAProxy reads a command line of at most 16 KiB. */
const LINE_LIMIT = 12_000

/** Asks until it answers, for 5 s: a proxy that has died is started again by then. Whatever is said may be said twice. */
const SAY = `ask() { printf '%s\\n' "$1" | socat -t 10 - UNIX-CONNECT:${HAPROXY_PATHS.socket}; }
say() {
  tries=0
  until answered=$(ask "$1" 2>/dev/null); do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || { ask "$1"; return; }
    sleep 0.1
  done
  printf '%s\\n' "$answered"
}`

/** Changes as few command lines as HAProxy takes: one for up to about a hundred hosts. */
export function commandLines(backend: string, changes: readonly AdminChange[]): string[] {
  const lines: string[] = []
  // What becomes ready comes first: there is no instant without a server.
  for (const { server, admin } of [...changes].sort((a, b) => rank(a) - rank(b))) {
    const command = `set server ${backend}/${server} state ${admin}`
    const last = lines.at(-1)
    if (last !== undefined && last.length + command.length < LINE_LIMIT)
      lines[lines.length - 1] = `${last}; ${command}`
    else lines.push(command)
  }
  return lines
}

const rank = ({ admin }: AdminChange): number => (admin === 'ready' ? 0 : 1)

/** One execution that changes the servers and saves the whole proxy's server states, aside and then renamed. */
export function setCommand(backend: string, changes: readonly AdminChange[], flip?: NotedFlip): Command {
  const { before, after } = notedFlip(backend, flip)
  const head = sh`set -eu
${rawShell(SAY)}
${rawShell(before)}
backend=${backend}; known=$(say "show servers state $backend")
for server in ${changes.map(({ server }) => server)}; do
  case $known in *" $server "*) ;; *) echo "HAProxy knows no slot $server of $backend" >&2; exit 1;; esac
done
begin=$(date +%s%N)`
  const says = commandLines(backend, changes).map(
    line =>
      sh`
answer=$(say ${line})
case $answer in *[![:space:]]*) printf '%s\n' "$answer" >&2; exit 1;; esac`.text,
  )
  const tail = sh`
echo "took $(( $(date +%s%N) - begin ))"
umask 077; new=${HAPROXY_PATHS.state}.$$
trap 'rm -f "$new"' EXIT
say 'show servers state' >"$new"; grep -q '^# be_id' "$new"; chmod 644 "$new"; sync "$new"; mv "$new" ${HAPROXY_PATHS.state}`
  return sh`${head}${rawShell(says.join(''))}
${rawShell(after)}${tail}`
}

/** HAProxy on one host, through its own command socket: what it says is the truth, and no reload is needed. */
export function haproxy(host: HostContext, backend: string): Proxy {
  const name = host.host.name
  return {
    host: name,
    read: async () => {
      const question = `show servers state ${backend}; show stat ${backend} 4 -1`
      const { stdout } = await host.read(sh`${rawShell(SAY)}\nsay ${question}`, { root: true })
      const output = stdout.toString('utf8')
      if (output.includes('# be_id') && output.includes('# pxname')) return parseServers(output)
      throw new CommandError(`HAProxy knows no backend ${backend}: ${sanitise(output, 'lines').trim()}`, {
        host: name,
        hint: 'fleet provision',
      })
    },
    set: async (changes, flip) => {
      if (changes.length === 0) return 0
      checkSlots(changes, name)
      const { stdout } = await host.run(setCommand(backend, changes, flip), { root: true })
      const answer = stdout.toString('utf8')
      refuseStopped(answer, backend, flip)
      const [, took = '0'] = /^took (\d+)$/m.exec(answer) ?? []
      return Number(took) / 1e6
    },
  }
}
