import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { knockPort, listeningPorts } from '../../../lib/provision/reachable-ports.ts'

test('open and refused are told apart', async () => {
  const server = createServer(socket => socket.destroy())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  expect(await knockPort('127.0.0.1', port, 1000)).toBe('open')
  await new Promise(resolve => server.close(resolve))
  expect(await knockPort('127.0.0.1', port, 1000)).toBe('refused')
})

const SS = `
tcp   LISTEN 0 128          0.0.0.0:22         0.0.0.0:*
tcp   LISTEN 0 128             [::]:22            [::]:*
tcp   LISTEN 0 244        10.0.0.9:5432        0.0.0.0:*
tcp   LISTEN 0 244        127.0.0.1:5432       0.0.0.0:*
tcp   LISTEN 0 128            [::1]:6379          [::]:*
tcp   LISTEN 0 128  127.0.0.53%lo:53           0.0.0.0:*
tcp   LISTEN 0 511                *:80               *:*
udp   UNCONN 0 0            0.0.0.0:68         0.0.0.0:*
`

test('what ss prints: TCP on any address but the loopback, each port once', () => {
  expect(listeningPorts(SS)).toEqual([22, 80, 5432])
  expect(listeningPorts('')).toEqual([])
})
