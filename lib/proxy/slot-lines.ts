import type { ProxiedService } from '../provision/container-hosts.ts'

/** Where the slots of a service are, and how their health is asked for; `check` is no name of a slot. */
export function slotLines({ name, names, health, servers }: ProxiedService, program: string): string {
  const [host = 'localhost'] = names
  const word = (value: string): string => {
    if (!/^[\w./:?&=~%+@-]+$/.test(value))
      throw new TypeError(`${name}: ${JSON.stringify(value)} cannot be told to ${program}`)
    return value
  }
  const address = (value: string): string => (value.includes(':') ? `[${word(value)}]` : word(value))
  return [
    `check ${word(host)} ${word(health)}`,
    ...servers.map(server => `${word(server.name)} ${address(server.address)}:${server.port}`),
    '',
  ].join('\n')
}
