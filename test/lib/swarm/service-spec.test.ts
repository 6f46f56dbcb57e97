import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { parseAnswers, postCommand } from '../../../lib/swarm/engine-api.ts'
import { parseParts, partsCommand } from '../../../lib/swarm/parts.ts'
import { serviceSpec, swarmRun } from '../../../lib/swarm/service-spec.ts'
import { IN_CONTAINER, START_SCRIPT } from '../../../lib/swarm/start-script.ts'
import type { ContainerService } from '../../../lib/fleet/model.ts'
import { Secret } from '../../../lib/shell/secret.ts'
import { folder } from '../../support/folder.ts'
import { testManifest } from '../../support/manifest.ts'

const service: ContainerService = {
  kind: 'container',
  role: 'web',
  placement: 'swarm',
  port: 8000,
  slots: { blue: 8001, green: 8002 },
  health: '/up',
  proxy: { role: 'lb', names: ['app.test'] },
}
const manifest = testManifest()
const slot = { service, manifest, slot: 'green' as const }
const parts = { secret: 's', script: 'c', command: ['python3', 'app.py'], replicas: 2 }

test('a slot is one container a host at most, on the port that the proxies know, by image id', () => {
  expect(serviceSpec(slot, parts)).toMatchObject({
    Name: 'web-green',
    Mode: { Replicated: { Replicas: 2 } },
    TaskTemplate: {
      ContainerSpec: {
        Image: manifest.image,
        Command: ['/bin/sh', IN_CONTAINER.script, 'run'],
        Args: ['python3', 'app.py'],
        CapabilityDrop: ['ALL'],
        Secrets: [{ SecretID: 's', SecretName: 'web-0123456789ab-01234567' }],
      },
      Placement: { MaxReplicas: 1 },
    },
    UpdateConfig: { FailureAction: 'rollback' },
    EndpointSpec: { Ports: [{ TargetPort: 8000, PublishedPort: 8002, PublishMode: 'host' }] },
  })
})

test('it is started anew for another release, slot or folder, and not for another count', () => {
  const runs = [
    slot,
    { ...slot, slot: 'blue' as const },
    { ...slot, manifest: { ...manifest, config: '76543210' } },
    { ...slot, logs: '/var/log/users' },
  ].map(each => swarmRun(each))
  expect(new Set(runs).size).toBe(4)
  const more = serviceSpec(slot, { ...parts, replicas: 5 })
  expect(more.Labels['fleetfile.run']).toBe(swarmRun(slot))
  expect(more.TaskTemplate).toEqual(serviceSpec(slot, parts).TaskTemplate)
})

const SAID = 'secret s1\nscript c1\n'
test.each([
  ['["/entry"] ["a b"]\nshell yes', ['/entry', 'a b']],
  ['null ["python3","-u"]\nshell yes', ['python3', '-u']],
  ['["/entry"] null\nshell yes', ['/entry']],
])('what an image starts: %s', (said, command) => {
  expect(parseParts(`${SAID}command ${said}\n`, 'web1')).toEqual({ secret: 's1', script: 'c1', command })
})

test('images without a shell, or without a command, are refused with the reason', () => {
  expect(() => parseParts(`${SAID}command ["/app"] null\nshell no\n`, 'web1')).toThrow(/no \/bin\/sh/)
  expect(() => parseParts(`${SAID}command null null\nshell yes\n`, 'web1')).toThrow(/neither ENTRYPOINT/)
})

test('a body travels on stdin, whatever it holds, and so does no environment as an argument', () => {
  const command = postCommand('/swarm/join', new Secret('join token', '{"JoinToken":"SWMTKN"}'))
  expect(command.text).not.toContain('SWMTKN')
  expect(command.stdin).toBeInstanceOf(Secret)
  expect(partsCommand(manifest).text).toContain('/etc/fleetfile/web/0123456789ab-01234567.env')
  expect(parseAnswers('{"a":1}\n\n==200\n\n==204\n{"message":"no"}\n==503\n')).toEqual([
    { status: 200, body: { a: 1 } },
    { status: 204, body: undefined },
    { status: 503, body: { message: 'no' } },
  ])
})

test('the environment is taken as it stands, and the program takes the place of the shell', () => {
  const root = folder({ env: 'GREETING=it is $HOME `id` "q" \\n\nEMPTY=\nLAST=x' })
  const script = START_SCRIPT.replace(IN_CONTAINER.environment, join(root, 'env'))
  const show = 'printf "%s|" "$GREETING" "$EMPTY" "$LAST" "$1"'
  const { stdout } = spawnSync('/bin/sh', ['-c', script, 'start', 'run', 'sh', '-c', show, 'sh', 'a b'], {
    encoding: 'utf8',
  })
  expect(stdout).toBe('it is $HOME `id` "q" \\n||x|a b|')
})

test.each(['curl', 'bash'])('the check by %s asks as the proxy does, and takes 200 alone', async tool => {
  const server = createServer((request, response) => {
    const isOurs = request.headers.host === 'app.test' && request.headers['x-forwarded-proto'] === 'https'
    response.writeHead(request.url === '/up' && isOurs ? 200 : 301, { location: 'https://app.test/' }).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const hide = tool === 'curl' ? '' : 'command() { [ "$2" != curl ]; }\n'
  const check = async (path: string) =>
    (
      await execa('/bin/sh', ['-c', hide + START_SCRIPT, 'start', 'health', String(port), path, 'app.test'], {
        reject: false,
      })
    ).exitCode
  expect(await check('/up')).toBe(0)
  expect(await check('/other')).toBe(1)
  server.close()
  server.closeAllConnections()
  expect(await check('/up')).not.toBe(0)
})
