import { AbortedError, CommandError, ConfigError } from '../errors.ts'
import type { AdminChange, NotedFlip, Proxy } from '../rollout/proxy.ts'
import type { HostContext } from '../rollout/rollout-context.ts'
import { FLIPS, RUNS, STOP } from '../runs/record.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { parseServers } from './haproxy-state.ts'
import { sanitise } from '../text/sanitise.ts'

/** Where HAProxy listens for commands and keeps what must survive it. The same paths as in its configuration. */
export const HAPROXY_PATHS = {
  socket: '/run/haproxy/admin.sock',
  state: '/var/lib/haproxy/server-state',
} as const

/** The path of each slot's checks, one line `web1-blue /up` a slot: a map of HAProxy that changes while it runs. */
export const healthMap = (service: string): string => `/var/lib/haproxy/${service}.health`

/** HAProxy reads a command line of at most 16 KiB. */
const LINE_LIMIT = 12_000

const SAY = `say() { printf '%s\\n' "$1" | socat -t 10 - UNIX-CONNECT:${HAPROXY_PATHS.socket}; }`

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

/** What the command says, and nothing else, when it may not flip. */
const STOPPED = 'fleetfile: stopped before the flip'

/** Code in front of a flip's commands, and the code that notes it right after them. */
function noted(
  backend: string,
  { runId, slot, always = false }: NotedFlip,
): { before: string; after: string } {
  const folder = `${RUNS}/${runId}`
  const note = (word: string) =>
    sh`printf '%s %s %s %s\n' ${backend} ${slot} ${word} "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >>${`${folder}/${FLIPS}`}`
      .text
  const check =
    sh`[ ! -e ${`${folder}/${STOP}`} ] || { ${rawShell(note('stopped'))}; echo ${STOPPED}; exit 0; }`.text
  const before = sh`
(umask 077; mkdir -p ${folder})
${rawShell(always ? ':' : check)}`.text
  // The flip is made by then: a full disk must not make it look undone.
  return { before, after: `\n${note('flipped')} || :` }
}

const told = (line: string): string =>
  sh`
answer=$(say ${line})
case $answer in *[![:space:]]*) printf '%s\n' "$answer" >&2; exit 1;; esac`.text

/** Code that changes the paths of checks, in HAProxy and in the file that it reads when it starts. */
function pathsTold(backend: string, changes: readonly AdminChange[]): string {
  const paths = changes.flatMap(({ server, health }) => (health === undefined ? [] : [{ server, health }]))
  if (paths.length === 0) return ''
  const wrong = paths.find(({ health }) => !/^\/[\w./:?&=~%+@-]*$/.test(health))
  if (wrong !== undefined) throw new ConfigError(`${JSON.stringify(wrong.health)} cannot be a path of checks`)
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
  const { before, after } = flip === undefined ? { before: '', after: '' } : noted(backend, flip)
  const head = sh`set -eu
${rawShell(SAY)}${rawShell(before)}${rawShell(pathsTold(backend, changes))}
begin=$(date +%s%N)`
  const says = commandLines(backend, changes).map(told)
  const tail = sh`
echo "took $(( $(date +%s%N) - begin ))"
umask 077; new=${HAPROXY_PATHS.state}.$$
trap 'rm -f "$new"' EXIT
say 'show servers state' >"$new"; grep -q '^# be_id' "$new"; chmod 644 "$new"; sync "$new"; mv "$new" ${HAPROXY_PATHS.state}`
  return sh`${head}${rawShell(says.join(''))}${rawShell(after)}${tail}`
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
      const { stdout } = await host.run(setCommand(backend, changes, flip), { root: true })
      if (flip !== undefined && stdout.toString('utf8').includes(STOPPED)) {
        throw new AbortedError(
          `asked to stop before the flip of ${backend} to ${flip.slot}: nothing was flipped`,
          {
            hint: `fleet show ${flip.runId}, fleet resume ${flip.runId}`,
          },
        )
      }
      const [, took = '0'] = /^took (\d+)$/m.exec(stdout.toString('utf8')) ?? []
      return Number(took) / 1e6
    },
  }
}
