import { connect } from 'node:net'

/** What a connection attempt from outside met. */
export type PortAnswer = 'open' | 'refused' | 'silent'

/**
 * Connects to `address:port` once. `silent` after `timeout` milliseconds without an answer: what a dropped packet
 * looks like; `refused` means that packets get through and nothing listens.
 */
export function knockPort(address: string, port: number, timeout: number): Promise<PortAnswer> {
  return new Promise(resolve => {
    const socket = connect({ host: address, port })
    const end = (answer: PortAnswer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeout, () => end('silent'))
    socket.once('connect', () => end('open'))
    socket.once('error', () => end('refused'))
  })
}

/** Ports that listen on other addresses than the loopback, from `ss -Htuln`. */
export function listeningPorts(output: string): readonly number[] {
  const ports = output
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(
      ([protocol, , , , local]) =>
        protocol === 'tcp' && local !== undefined && !/^(127\.|\[::1\])/.test(local),
    )
    .map(columns => Number(columns[4]?.split(':').at(-1)))
  return [...new Set(ports)].filter(Number.isInteger).toSorted((a, b) => a - b)
}
