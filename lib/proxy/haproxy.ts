import { CommandError } from '../errors.ts'
import { checkSlots, type AdminChange, type NotedFlip, type Proxy } from './proxy.ts'
import type { HostContext } from '../rollout/rollout-context.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { admissionCommand, admitCommand, parseAdmission } from './haproxy-admission.ts'
import { HAPROXY_PATHS, SAY, healthMap } from './haproxy-paths.ts'
import { parseServers } from './haproxy-state.ts'
import { notedFlip, refuseStopped } from './noted-flip.ts'
import { sanitise } from '../text/sanitise.ts'

/** HAProxy reads a command line of at most 16 KiB. */
const LINE_LIMIT = 12_000

/** Commands in as few lines as HAProxy takes. */
function batched(commands: readonly string[]): string[] {
  const lines: string[] = []
  for (const command of commands) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + command.length < LINE_LIMIT)
      lines[lines.length - 1] = `${last}; ${command}`
    else lines.push(command)
  }
  return lines
}

/** Changes as few command lines as HAProxy takes: one for up to about a hundred hosts. */
export const commandLines = (backend: string, changes: readonly AdminChange[]): string[] =>
  batched(
    // What becomes ready comes first: there is no instant without a server.
    [...changes]
      .sort((a, b) => rank(a) - rank(b))
      .map(({ server, admin }) => `set server ${backend}/${server} state ${admin}`),
  )

const rank = ({ admin }: AdminChange): number => (admin === 'ready' ? 0 : 1)

const told = (line: string): string =>
  sh`
answer=$(say ${line})
case $answer in *[![:space:]]*) printf '%s\n' "$answer" >&2; exit 1;; esac`.text

/** Code that changes the paths of checks, in HAProxy and in the file that it reads when it starts. */
function pathsTold(backend: string, changes: readonly AdminChange[]): string {
  const paths = changes.flatMap(({ server, health }) => (health === undefined ? [] : [{ server, health }]))
  if (paths.length === 0) return ''
  const map = healthMap(backend)
  // One that is not there yet cannot be set, one that is there would be added twice.
  const forgotten = batched(paths.map(({ server }) => `del map ${map} ${server}`))
  const added = batched(paths.map(({ server, health }) => `add map ${map} ${server} ${health}`))
  return [
    ...forgotten.map(line => sh`\nsay ${line} >/dev/null`.text),
    ...added.map(told),
    sh`
(umask 022; say ${`show map ${map}`} | awk 'NF == 3 { print $2, $3 }' >${`${map}.new`}; sync ${`${map}.new`}; mv ${`${map}.new`} ${map})`
      .text,
  ].join('')
}

/** One execution that changes the servers and saves the whole proxy's server states, aside and then renamed. */
export function setCommand(backend: string, changes: readonly AdminChange[], flip?: NotedFlip): Command {
  const { before, after } = notedFlip(backend, flip)
  const head = sh`set -eu
${rawShell(SAY)}
${rawShell(before)}
backend=${backend}; known=$(say "show servers state $backend")
for server in ${changes.map(({ server }) => server)}; do
  case $known in *" $server "*) ;; *) echo "HAProxy knows no slot $server of $backend" >&2; exit 1;; esac
done${rawShell(pathsTold(backend, changes))}
begin=$(date +%s%N)`
  const says = commandLines(backend, changes).map(told)
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
    admission: async () => {
      const { stdout } = await host.read(admissionCommand, { root: true })
      return parseAdmission(stdout.toString('utf8'), backend, name)
    },
    admit: async change => {
      const { stdout } = await host.run(admitCommand(backend, change), { root: true })
      return stdout.toString('utf8').includes('changed')
    },
  }
}
