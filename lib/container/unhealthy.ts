import type { HostFailure } from '../errors.ts'

/** A text without what differs from run to run and says nothing: times, ids, numbers of processes. */
export const bare = (text: string): string => text.replaceAll(/\b[0-9a-f]{7,}\b|\d+/gi, '#')

/** Whether two programs said the same; one that is started again and again may be in the middle of saying it once more. */
function agree(one: string, other: string): boolean {
  const [a, b] = [`${bare(one)}\n`, `${bare(other)}\n`]
  return a === b || (a !== '\n' && b.startsWith(a)) || (b !== '\n' && a.startsWith(b))
}

interface Reason {
  readonly hosts: string[]
  readonly text: string
  /** Their last lines, those that agree once. */
  readonly logs: { readonly hosts: string[]; readonly text: string }[]
}

/** Says before the last lines of a program whose they are. */
export const LAST_LINES = 'its last lines:'

/** Why hosts failed: each reason once with its hosts, then the last lines of each host's program, folded where they agree. */
export function foldFailures(failures: readonly HostFailure[]): string {
  const reasons = new Map<string, Reason>()
  for (const { host, error } of failures) {
    const { message } = error
    const said = message.startsWith(`${host}: `) ? message.slice(host.length + 2) : message
    const [text = '', log = ''] = said.split(`\n${LAST_LINES}\n`)
    const reason: Reason = reasons.get(bare(text)) ?? { hosts: [], text, logs: [] }
    reasons.set(bare(text), reason)
    reason.hosts.push(host)
    const same = reason.logs.find(each => agree(each.text, log))
    if (same === undefined) reason.logs.push({ hosts: [host], text: log })
    else same.hosts.push(host)
  }
  return [...reasons.values()].map(shown).join('\n')
}

function shown({ hosts, text, logs }: Reason): string {
  const found = logs.filter(log => log.text !== '')
  const blocks = found.map(log =>
    found.length === 1 && log.hosts.length === hosts.length
      ? `${LAST_LINES}\n${log.text}`
      : `${LAST_LINES.slice(0, -1)} on ${log.hosts.join(', ')}:\n${log.text}`,
  )
  return [`${hosts.join(', ')}: ${text}`, ...blocks].join('\n')
}
