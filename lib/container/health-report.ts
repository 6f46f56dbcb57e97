import { lastLines } from '../text/last-lines.ts'
import { sanitise } from '../text/sanitise.ts'

/** What was found on a host about a slot that does not answer 200. */
export interface HealthReport {
  readonly healthy: boolean
  /** Why not, in one line. */
  readonly reason: string
  /** The end of the program's output, indented. */
  readonly logs: string
}

/** A socket in `/proc/net/tcp`: 0A is LISTEN, the port is hexadecimal, the address is in the machine's order. */
const LISTENING = /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) \S+ 0A /

/** The ports that something listens on, loopback ones marked. */
export function listeningPorts(sockets: string): string[] {
  const found = new Set<string>()
  for (const line of sockets.split('\n')) {
    const [, address = '', port] = LISTENING.exec(line) ?? []
    if (port === undefined) continue
    const loopback = /^(0{24}01000000|[0-9A-F]{6}7F)$/.test(address) || address.endsWith('FFFF00000100007F')
    found.add(`${parseInt(port, 16)}${loopback ? ' on 127.0.0.1 only' : ''}`)
  }
  return [...found]
}

/** Reads what the health command printed and says in plain words what is wrong. `inner` is the port in the container, or on whatever it is `inside` of. */
export function readHealth(output: string, inner: number, inside = 'the container'): HealthReport {
  const items = new Map<string, string>()
  let current = ''
  for (const line of output.split('\n')) {
    const [, name, rest] = /^== (\w+) ?(.*)$/.exec(line) ?? []
    // Logs come last and are the program's own: nothing in them is an item.
    if (name !== undefined && current !== 'logs') items.set((current = name), rest ?? '')
    else items.set(current, `${items.get(current) ?? ''}\n${line}`)
  }
  const logs = lastLines(items.get('logs') ?? '', { width: 300 })
    .map(line => `  ${line}`)
    .join('\n')
  const healthy = items.get('code')?.trim() === '200'
  return { healthy, reason: healthy ? '' : reasonOf(items, inner, inside), logs }
}

function reasonOf(items: ReadonlyMap<string, string>, inner: number, inside: string): string {
  const item = (name: string): string => sanitise(items.get(name) ?? '', 'lines').trim()
  if (items.has('curl') && item('curl') === 'missing') return 'the host has no curl to ask the slot with'
  const [status = '', exitCode = '', oom = '', restarts = '0'] = item('state').split(' ')
  if (oom === 'true') return `the program was killed: out of memory (exit code ${exitCode})`
  if (status === 'missing') return 'the container is gone'
  if (['exited', 'dead', 'restarting'].includes(status)) {
    return `the program ended with exit code ${exitCode}${meaningOf(exitCode)}`
  }
  // While it runs again, the engine does not say how it ended before.
  if (Number(restarts) >= 2) return 'the program keeps ending and being started again'
  const code = item('code')
  if (/^3\d\d$/.test(code))
    return `HTTP ${code}: it redirects to ${item('location') || 'nowhere'}, but must answer 200`
  if (/^[1-5]\d\d$/.test(code) && code !== '000') {
    const body = item('body').split('\n')[0]?.slice(0, 200)
    return `HTTP ${code}${body === undefined || body === '' ? '' : `: ${body}`}`
  }
  const ports = listeningPorts(items.get('sockets') ?? '')
  const listens = ports.length === 0 ? 'nothing' : `port ${ports.join(', ')}`
  if (item('curl') === '28') return `no answer within 5 seconds; ${inside} listens on ${listens}`
  return `nothing answers on port ${inner} in ${inside}: it listens on ${listens}`
}

const MEANINGS: Readonly<Record<string, string>> = {
  126: ' (its command cannot be executed)',
  127: ' (its command was not found)',
  137: ' (killed)',
  139: ' (segmentation fault)',
  143: ' (terminated)',
}
const meaningOf = (code: string): string => MEANINGS[code] ?? ''
