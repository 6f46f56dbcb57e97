import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { ConnectError } from '../../../lib/errors.ts'
import { recordingConnect, recordingTransport } from '../../../lib/transport/recording.ts'

const { signal } = new AbortController()

test('it answers from the script and remembers what was sent', async () => {
  const web1 = recordingTransport({
    host: 'web1',
    expect: [
      { command: 'uname', stdout: 'Linux\n' },
      { command: /^systemctl /, code: 3, stderr: 'inactive' },
      { command: given => given.length > 5, reply: ({ stdin }) => ({ stdout: stdin }) },
    ],
  })
  expect(String((await web1.exec('uname')).stdout)).toBe('Linux\n')
  expect(await web1.exec('systemctl status nginx')).toMatchObject({ exitCode: 3 })
  const chunks: string[] = []
  const options = {
    stdin: 'body',
    discardStdout: true,
    onStdout: (chunk: Uint8Array) => chunks.push(String(chunk)),
  }
  expect(String((await web1.exec('cat > /etc/motd', options)).stdout)).toBe('')
  expect(chunks).toEqual([String(Buffer.from('body'))])
  expect(web1.executed.map(({ command, stdin }) => [command, String(stdin)])).toEqual([
    ['uname', ''],
    ['systemctl status nginx', ''],
    ['cat > /etc/motd', 'body'],
  ])
  expect(web1.cost).toEqual({ executions: 3, bytesSent: 46, bytesReceived: 18 })
  web1.verify()
})

test('an unexpected command is refused with what was expected, and verify tells it again', async () => {
  const web1 = recordingTransport({ host: 'web1', expect: [{ command: 'uname' }, { command: /never/ }] })
  await expect(web1.exec('reboot')).rejects.toThrow(
    'web1: unexpected command\n  "reboot"\nexpected:\n  "uname"',
  )
  expect(web1.executed).toEqual([])
  expect(() => web1.verify()).toThrow(/unexpected command[^]*did not come:\n {2}"uname"\n {2}\/never\//)
})

test('the order counts unless told otherwise', async () => {
  const expected = [{ command: 'one' }, { command: 'two' }]
  await expect(recordingTransport({ host: 'web1', expect: expected }).exec('two')).rejects.toThrow(
    'unexpected',
  )
  const loose = recordingTransport({ host: 'web1', expect: expected, unordered: true })
  await loose.exec('two')
  await loose.exec('one')
  await expect(loose.exec('one')).rejects.toThrow('expected:\n  nothing more')
})

test('times says how often; any is content with never', async () => {
  const web1 = recordingTransport({
    host: 'web1',
    expect: [{ command: 'poll', times: 2 }, { command: 'log', times: 'any' }, { command: 'end' }],
  })
  await web1.exec('poll')
  expect(() => web1.verify()).toThrow('"poll"')
  await web1.exec('poll')
  await web1.exec('log')
  await web1.exec('log')
  await web1.exec('end')
  web1.verify()
})

test('an expectation can fail, and a closed transport answers nothing', async () => {
  const lost = new ConnectError('lost', { host: 'web1' })
  const web1 = recordingTransport({ host: 'web1', expect: [{ command: 'x', error: lost }] })
  await expect(web1.exec('x')).rejects.toBe(lost)
  await expect(web1.forward('127.0.0.1', 80)).rejects.toThrow('unexpected tunnel to 127.0.0.1:80')
  await web1.close()
  expect(web1.closed).toBe(true)
  await expect(web1.exec('x')).rejects.toThrow(ConnectError)
})

test('a tunnel comes from the given factory', async () => {
  const stream = new PassThrough()
  const web1 = recordingTransport({ host: 'web1', forward: () => stream })
  expect(await web1.forward('127.0.0.1', 80)).toBe(stream)
})

test('recordingConnect knows its hosts, their errors, and no other', async () => {
  const web1 = recordingTransport({ host: 'web1' })
  const lost = new ConnectError('no route', { host: 'web2' })
  const connect = recordingConnect({ web1, web2: lost })
  const to = (name: string) =>
    connect({ name, address: name, port: 22, user: 'root', hostKeys: [] }, { signal, timeout: 1 })
  expect(await to('web1')).toBe(web1)
  await expect(to('web2')).rejects.toBe(lost)
  await expect(to('constructor')).rejects.toThrow(
    'unexpected connection to constructor; expected: web1, web2',
  )
})
