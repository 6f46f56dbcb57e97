import { quote } from '../shell/quote.ts'
import type { Target } from './transport.ts'

/** `203.0.113.9:22`, or `[2001:db8::1]:22`: one address and port, for messages. */
export const endpoint = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** `deploy@203.0.113.9:22`: who logs in where, for messages. */
export const login = (target: Target): string => `${target.user}@${endpoint(target.address, target.port)}`

/** The OpenSSH command that runs a line on the host: a hint that can be pasted. */
export const sshLine = (target: Target, line: string): string =>
  `${sshCommand(target).replace('ssh -v', 'ssh')} ${target.user === 'root' ? '' : 'sudo '}${line}`

/** The OpenSSH command that tries the same login aloud: a hint that can be pasted. */
export function sshCommand(target: Target): string {
  const jumps = (target.jumps ?? []).map(login).join(',')
  return [
    'ssh -v',
    ...(jumps === '' ? [] : ['-J', quote(jumps)]),
    ...(target.identityFile === undefined ? [] : ['-i', quote(target.identityFile)]),
    ...(target.port === 22 ? [] : ['-p', String(target.port)]),
    quote(`${target.user}@${target.address}`),
  ].join(' ')
}
