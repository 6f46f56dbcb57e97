import { meaningOf } from './exit-code.ts'
import { bare } from './unhealthy.ts'
import { missesVariable } from './missing-variable.ts'
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

const LOOPBACK = ' on 127.0.0.1 only'

/** The ports that something listens on, loopback ones marked. */
export function listeningPorts(sockets: string): string[] {
  const found = new Set<string>()
  for (const line of sockets.split('\n')) {
    const [, address = '', port] = LISTENING.exec(line) ?? []
    if (port === undefined) continue
    const loopback = /^(0{24}01000000|[0-9A-F]{6}7F)$/.test(address) || address.endsWith('FFFF00000100007F')
    found.add(`${parseInt(port, 16)}${loopback ? LOOPBACK : ''}`)
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
  const logs = lastLines(firstOf(items.get('logs') ?? ''), { width: 300 })
    .map(line => `  ${line}`)
    .join('\n')
  const healthy = items.get('code')?.trim() === '200'
  return { healthy, reason: healthy ? '' : reasonOf(items, inner, inside), logs }
}

/** What a program said once, of one that is started again and again and says it each time: the last may be cut off. */
function firstOf(log: string): string {
  const lines = lastLines(log, { count: 40 })
  const alike = lines.map(bare)
  const length = alike.findIndex(
    (_, size) => size > 0 && alike.every((line, at) => at < size || line === alike[at - size]),
  )
  return lines.slice(0, length < 0 ? lines.length : length).join('\n')
}

function reasonOf(items: ReadonlyMap<string, string>, inner: number, inside: string): string {
  const item = (name: string): string => sanitise(items.get(name) ?? '', 'lines').trim()
  if (items.has('curl') && item('curl') === 'missing') return 'the host has no curl to ask the slot with'
  const [status = '', exitCode = '', oom = '', restarts = '0'] = item('state').split(' ')
  if (oom === 'true') return `the program was killed: out of memory (exit code ${exitCode})`
  if (status === 'missing') return 'the container is gone'
  const misses = missesVariable(item('logs'), items.has('env') ? item('env') : undefined)
  if (['exited', 'dead', 'restarting'].includes(status)) {
    return `the program ended with exit code ${exitCode}${misses || meaningOf(exitCode)}`
  }
  // While it runs again, the engine does not say how it ended before.
  if (Number(restarts) >= 2) return `the program keeps ending and being started again${misses}`
  const code = item('code')
  if (/^3\d\d$/.test(code)) return redirects(code, item('location'))
  if (/^[1-5]\d\d$/.test(code) && code !== '000') {
    const body = item('body').split('\n')[0]?.slice(0, 200)
    return `HTTP ${code}${body === undefined || body === '' ? '' : `: ${body}`}`
  }
  const ports = listeningPorts(items.get('sockets') ?? '')
  const listens = ports.length === 0 ? 'nothing' : `port ${ports.join(', ')}`
  if (ports.includes(`${inner}${LOOPBACK}`) && !ports.includes(String(inner))) {
    return `the program listens on 127.0.0.1 inside ${inside}, where nothing from outside comes: have it listen on 0.0.0.0:${inner}`
  }
  if (item('curl') === '28') return `no answer within 5 seconds; ${inside} listens on ${listens}`
  return `nothing answers on port ${inner} in ${inside}: it listens on ${listens}${misses}`
}

/** The proxy ends TLS: a program that sends its own requests on to https asks to be told that they came by it. */
const redirects = (code: string, location: string): string =>
  location.startsWith('https:')
    ? `HTTP ${code}: it redirects to ${location}, but must answer 200: have it take the header X-Forwarded-Proto: https for https, or leave its health path out`
    : `HTTP ${code}: it redirects to ${location || 'nowhere'}, but must answer 200`
