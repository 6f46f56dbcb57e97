import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { localAccess } from '../../../lib/fleet/local-access.ts'
import type { Fleet } from '../../../lib/fleet/model.ts'
import { resolveHosts } from '../../../lib/fleet/resolve.ts'
import { testEnvironment } from '../../support/environment.ts'
import { folder } from '../../support/folder.ts'
import { failure } from '../../support/ssh-connect.ts'
import { makeKey } from '../../support/ssh-server.ts'
import { TRANSPORTS } from '../../support/transports.ts'

const shop = (hosts: Fleet['hosts'], access: Partial<Fleet['access']> = {}): Fleet => ({
  name: 'shop',
  provider: 'static',
  access: { user: 'ops', ...access },
  roles: { web: {} },
  hosts,
  services: {},
  secrets: [],
})

const web1 = { role: 'web', address: '203.0.113.1' }

/** The targets of a fleet, for an operator with these files. */
async function targets(
  fleet: Fleet,
  files: Readonly<Record<string, string>>,
  env: Record<string, string> = {},
) {
  const home = folder(files)
  const local = await localAccess(fleet, testEnvironment(fleet, { home, env }))
  return { home, targets: resolveHosts(fleet, [], local).map(host => host.target) }
}

test('without an ssh config a host is as the fleet says, with the usual identity files', async () => {
  const { home, targets: found } = await targets(
    shop({ web1 }),
    { '.ssh/id_ed25519': makeKey().private },
    { SSH_AUTH_SOCK: '/a' },
  )
  expect(found).toEqual([
    {
      name: 'web1',
      address: '203.0.113.1',
      port: 22,
      user: 'ops',
      hostKeys: [],
      moreIdentityFiles: [join(home, '.ssh/id_ed25519')],
      agent: '/a',
      transport: 'ssh',
    },
  ])
})

test('a revoked key is refused even when the fleet pins it; a known one tells where it stands', async () => {
  const [pinned, known, revoked] = [makeKey().public, makeKey().public, makeKey().public]
  const files = { '.ssh/known_hosts': `203.0.113.2 ${known}\n@revoked * ${revoked}\n` }
  const hosts = { web1: { ...web1, hostKeys: [pinned] }, web2: { role: 'web', address: '203.0.113.2' } }
  const { home, targets: found } = await targets(shop(hosts), files)
  expect(found).toMatchObject([
    { hostKeys: [pinned], revokedKeys: [revoked] },
    { hostKeys: [known], revokedKeys: [revoked], pinnedIn: { [known]: `${home}/.ssh/known_hosts:1` } },
  ])
})

describe.runIf(TRANSPORTS.includes('openssh'))("with the operator's ssh config", () => {
  const files = (config: string, more: Record<string, string> = {}) => ({ '.ssh/config': config, ...more })

  test("a host's name comes first, then its address; the fleet file wins", async () => {
    const config = `Host web1
  HostName 198.51.100.7
  Port 2200
  User bob
  IdentityFile ~/.ssh/shop
  IdentitiesOnly yes
  IdentityAgent none
Host 203.0.113.2
  Port 2201
Host web3
  HostName 198.51.100.9
`
    const hosts = {
      web1,
      web2: { role: 'web', address: '203.0.113.2' },
      web3: { role: 'web' },
      web4: { ...web1, port: 22 },
    }
    const { home, targets: found } = await targets(
      shop(hosts),
      files(config, { '.ssh/shop': makeKey().private }),
      { SSH_AUTH_SOCK: '/a' },
    )
    const [one, two, three, four] = found
    expect(one).toMatchObject({
      address: '203.0.113.1',
      port: 2200,
      user: 'ops',
      moreIdentityFiles: [`${home}/.ssh/shop`],
      identitiesOnly: true,
      transport: 'ssh',
    })
    expect(one).not.toHaveProperty('agent')
    expect(two).toMatchObject({ address: '203.0.113.2', port: 2201, agent: '/a' })
    expect(three).toMatchObject({ address: '198.51.100.9', port: 22 })
    expect(four).toMatchObject({ address: '203.0.113.1', port: 22 })
  })

  test('jumps are followed, each by its own settings, with the host keys of the files it names', async () => {
    const keys = [makeKey().public, makeKey().public]
    const config = `Host web1
  ProxyJump ann@inner
  UserKnownHostsFile ~/kh
Host inner
  HostName 10.0.0.2
  ProxyJump outer:2222
  UserKnownHostsFile ~/kh
Host outer
  User gate
`
    const known = `10.0.0.2 ${keys[0]}\n203.0.113.1 ${keys[1]}\n`
    const { targets: found } = await targets(shop({ web1 }), files(config, { kh: known }))
    expect(found).toMatchObject([
      {
        hostKeys: [keys[1]],
        jumps: [
          { name: 'outer', address: 'outer', port: 2222, user: 'gate' },
          { name: 'inner', address: '10.0.0.2', port: 22, user: 'ann', hostKeys: [keys[0]] },
        ],
      },
    ])
  })

  test('what ssh2 cannot do is left to OpenSSH, unless the fleet says otherwise', async () => {
    const config = 'Host web1\n  ProxyCommand nc %h %p\n'
    const { targets: found } = await targets(shop({ web1 }), files(config))
    expect(found).toMatchObject([
      { transport: 'openssh', openssh: { alias: 'web1', proxyCommand: 'nc %h %p' } },
    ])
    expect((await targets(shop({ web1 }, { transport: 'ssh' }), files(config))).targets).toMatchObject([
      { transport: 'ssh' },
    ])
    expect((await targets(shop({ web1 }, { transport: 'openssh' }), {})).targets).toMatchObject([
      { transport: 'openssh' },
    ])
    const authority = `@cert-authority 203.0.113.* ${makeKey().public}\n`
    expect((await targets(shop({ web1 }), { '.ssh/known_hosts': authority })).targets).toMatchObject([
      { transport: 'openssh', hostKeys: [] },
    ])
  })

  test('a config that OpenSSH refuses is an error before anything', async () => {
    expect(await failure(targets(shop({ web1 }), files('Host web1\n  Nonsense yes\n')))).toMatchObject({
      code: 'config',
      message: expect.stringContaining('Bad configuration option: nonsense'),
    })
    const loop = 'Host a\n  ProxyJump b\nHost b\n  ProxyJump a\nHost web1\n  ProxyJump a\n'
    expect(await failure(targets(shop({ web1 }), files(loop)))).toMatchObject({ code: 'config' })
  })
})

describe('a hardware key', () => {
  const text = (words: string) => {
    const size = Buffer.alloc(4)
    size.writeUInt32BE(Buffer.byteLength(words))
    return Buffer.concat([size, Buffer.from(words)])
  }
  const publicHalf = Buffer.concat([
    text('sk-ssh-ed25519@openssh.com'),
    text('0123456789abcdef'),
    text('ssh:'),
  ])
  /** As `ssh-keygen -t ed25519-sk` writes it, up to where the handle of the key begins. */
  const privateKey = (cipher: string): string => {
    const one = Buffer.from([0, 0, 0, 1])
    const half = text(publicHalf.toString('latin1'))
    const body = Buffer.concat([
      Buffer.from('openssh-key-v1\0'),
      text(cipher),
      text('bcrypt'),
      text('salt'),
      one,
      half,
    ])
    return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`
  }
  const line = `sk-ssh-ed25519@openssh.com ${publicHalf.toString('base64')} ann`

  test.each([
    [
      'with its public half beside it',
      { '.ssh/id_ed25519_sk': privateKey('none'), '.ssh/id_ed25519_sk.pub': line },
    ],
    ['on its own', { '.ssh/id_ed25519_sk': privateKey('none') }],
    ['encrypted', { '.ssh/id_ed25519_sk': privateKey('aes256-ctr') }],
  ])('%s is for OpenSSH', async (_, files) => {
    const { targets: found } = await targets(shop({ web1 }), files)
    expect(found).toMatchObject([{ transport: 'openssh' }])
  })

  test.runIf(TRANSPORTS.includes('openssh'))(
    'that ssh config names is for OpenSSH, one of several is not',
    async () => {
      const keys = { '.ssh/token': privateKey('none') }
      const named = {
        ...keys,
        '.ssh/config': 'Host web1\n  IdentityFile ~/.ssh/token\n  IdentitiesOnly yes\n',
      }
      expect((await targets(shop({ web1 }), named)).targets).toMatchObject([{ transport: 'openssh' }])
      const both = {
        ...named,
        '.ssh/id_ed25519': makeKey().private,
        '.ssh/config': `${named['.ssh/config']}  IdentityFile ~/.ssh/id_ed25519\n`,
      }
      expect((await targets(shop({ web1 }), both)).targets).toMatchObject([{ transport: 'ssh' }])
    },
  )
})
