import { parseServerName, type Admin, type ProxyServer } from './proxy.ts'
import { sanitise } from '../text/sanitise.ts'

const isAdmin = (word: string): word is Admin => word === 'ready' || word === 'drain' || word === 'maint'

/** Reads what the look at a service printed. What is no slot is left out. */
export function parseLook(output: string): ProxyServer[] {
  const items = new Map<string, string[]>()
  for (const line of output.split('\n')) {
    const [, item] = /^== (\w+)$/.exec(line) ?? []
    if (item !== undefined) items.set(item, [])
    else if (line !== '') [...items.values()].at(-1)?.push(line)
  }
  const words = (item: string): string[][] => (items.get(item) ?? []).map(line => line.trim().split(/\s+/))
  const pairs = (item: string) => new Map(words(item).map(([name = '', ...rest]) => [name, rest] as const))
  const admins = pairs('servers')
  const counts = pairs('counts')
  // A later line is the second answer of one that failed first.
  const checks = pairs('checks')
  const peers = words('sessions').flat()
  return words('slots').flatMap(([name = '', address = '']) => {
    const parts = parseServerName(name)
    if (parts === undefined) return []
    const [admin = 'maint'] = admins.get(name) ?? []
    const [requests = '0', errors = '0'] = counts.get(address) ?? []
    return {
      name,
      ...parts,
      admin: isAdmin(admin) ? admin : 'maint',
      ...healthOf(checks.get(name)),
      sessions: peers.filter(peer => peer === address).length,
      requests: Number(requests),
      errors: Number(errors),
    }
  })
}

function healthOf(answer: readonly string[] | undefined): Pick<ProxyServer, 'health' | 'check'> {
  if (answer === undefined) return { health: 'unknown', check: '' }
  const [code = '000', ...reason] = answer
  if (code !== '000') return { health: code === '200' ? 'up' : 'down', check: `HTTP ${sanitise(code)}` }
  return { health: 'down', check: sanitise(reason.join(' ')) || 'no answer' }
}
