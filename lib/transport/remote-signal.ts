import type { Client, ClientChannel } from 'ssh2'

/** The host's number of the channel; undefined once we have closed it: sshd hangs up on a closed channel's number. */
function openId(side: unknown): unknown {
  if (typeof side !== 'object' || side === null) return undefined
  const state: unknown = Reflect.get(side, 'state')
  return state === 'open' || state === 'eof' ? Reflect.get(side, 'id') : undefined
}

/**
 * Sends a signal to the command on a channel, by its name without SIG (RFC 4254, section 6.9). OpenSSH's sshd passes it
 * on since 7.9, but not to a command of a root login (seen with 9.2: "requires privilege separation"). ssh2's own `channel.signal()` sends nothing once stdin is closed, which is so for each of our commands:
 * hence the way through its protocol object. Where that is missing nothing is sent.
 */
export function sendSignal(client: Client, channel: ClientChannel, name: string): void {
  const protocol: unknown = Reflect.get(client, '_protocol')
  const id = openId(channel.outgoing)
  if (typeof protocol !== 'object' || protocol === null || typeof id !== 'number') return
  const send: unknown = Reflect.get(protocol, 'signal')
  if (typeof send === 'function') Reflect.apply(send, protocol, [id, name])
}
