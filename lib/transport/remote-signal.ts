import type { Client, ClientChannel } from 'ssh2'

const idOf = (side: unknown): unknown =>
  typeof side === 'object' && side !== null ? Reflect.get(side, 'id') : undefined

/**
 * Sends a signal to the command on a channel, by its name without SIG (RFC 4254, section 6.9). OpenSSH's sshd passes it
 * on since 7.9. ssh2's own `channel.signal()` sends nothing once stdin is closed, which is so for each of our commands:
 * hence the way through its protocol object. Where that is missing nothing is sent.
 */
export function sendSignal(client: Client, channel: ClientChannel, name: string): void {
  const protocol: unknown = Reflect.get(client, '_protocol')
  const id = idOf(channel.outgoing)
  if (typeof protocol !== 'object' || protocol === null || typeof id !== 'number') return
  const send: unknown = Reflect.get(protocol, 'signal')
  if (typeof send === 'function') Reflect.apply(send, protocol, [id, name])
}
