import { describe, expect, test } from 'vitest'
import { createArgs, keysDigest } from '../../../../lib/providers/lab/container.ts'
import { type EngineFacts, planEngine } from '../../../../lib/providers/lab/engine-plan.ts'
import { checkHostName, checkLabName, containerName } from '../../../../lib/providers/lab/names.ts'
import { labDebian } from '../../../../lib/providers/lab/place.ts'
import { vpsRecipe } from '../../../../lib/providers/lab/recipe.ts'
import { usableLines } from '../../../../lib/providers/lab/resolv.ts'
import { knownHostsLines } from '../../../../lib/providers/lab/state.ts'
import { cacheAddress, freeAddresses, freeSubnets, overlaps } from '../../../../lib/providers/lab/subnet.ts'

describe('names', () => {
  test.each(['demo', 'a', 'ci-7', 'a23456789012345678901'])('takes the lab name %s', name => {
    expect(checkLabName(name)).toBe(name)
  })
  test.each(['', 'Demo', '7a', 'a b', 'a;b', '-a', 'a/../b', 'a234567890123456789012', 'a\n'])(
    'refuses the lab name %j',
    name => {
      expect(() => checkLabName(name)).toThrow('cannot be a lab')
    },
  )
  test.each(['', '-web', 'web-', 'Web', 'web 1', '--rm', 'a.b', 'web\n'])(
    'refuses the host name %j',
    name => {
      expect(() => checkHostName(name)).toThrow('cannot be a host')
    },
  )
  test('names a container after lab and host', () => {
    expect(containerName('demo', 'web1')).toBe('fleet-demo-web1')
  })
})

describe('subnets', () => {
  test('knows what overlaps', () => {
    expect(overlaps('10.83.1.0/24', '10.0.0.0/8')).toBe(true)
    expect(overlaps('10.83.1.0/24', '10.83.1.77/32')).toBe(true)
    expect(overlaps('10.83.1.0/24', '10.83.2.0/24')).toBe(false)
    expect(overlaps('10.83.1.0/24', '172.17.0.0/16')).toBe(false)
  })
  test('never offers one that is used, and every other one once', () => {
    const free = freeSubnets('demo', ['10.83.5.0/24', '10.83.8.0/22'])
    expect(free).toHaveLength(251)
    expect(new Set(free).size).toBe(251)
    expect(free).not.toContain('10.83.5.0/24')
    expect(free).not.toContain('10.83.11.0/24')
  })
  test('gives the lowest free addresses, and says when there are too few', () => {
    expect(freeAddresses('10.83.4.0/24', new Set(['10.83.4.12']), 2)).toEqual(['10.83.4.11', '10.83.4.13'])
    expect(() => freeAddresses('10.83.4.0/24', new Set(), 241)).toThrow('room for 240')
    expect(cacheAddress('10.83.4.0/24')).toBe('10.83.4.2')
  })
})

describe('a container', () => {
  const spec = { name: 'web1', role: 'web', authorizedKeys: ['ssh-ed25519 AAAA'] }
  const host = {
    lab: 'demo',
    spec,
    image: 'fleetfile-lab:1',
    address: '10.83.4.11',
    resolvConf: '',
    cache: '',
  }
  const args = createArgs(host, 'ssh-ed25519 BBBB')

  test('cannot move the clock of this machine, and never asks for every privilege', () => {
    expect(args).toContain('--cap-drop=ALL')
    expect(args).not.toContain('--cap-add=SYS_TIME')
    expect(args).not.toContain('--privileged')
  })
  test('remembers its lab, role and pinned key', () => {
    expect(args).toContain('--label=fleetfile.lab=demo')
    expect(args).toContain('--label=fleetfile.role=web')
    expect(args).toContain('--label=fleetfile.hostkey=ssh-ed25519 BBBB')
    expect(args.at(-1)).toBe('fleetfile-lab:1')
  })
  test('tells other keys, not another order, apart', () => {
    expect(keysDigest(['a', 'b'])).toBe(keysDigest(['b', 'a']))
    expect(keysDigest(['a', 'b'])).not.toBe(keysDigest(['a']))
  })
})

test('known_hosts names each host by address and name', () => {
  const machine = {
    name: 'web1',
    role: 'web',
    address: '10.83.4.11',
    state: 'running',
    firstUser: 'root',
  } as const
  expect(knownHostsLines([{ ...machine, hostKeys: ['ssh-ed25519 AAAA'] }])).toBe(
    '10.83.4.11,web1 ssh-ed25519 AAAA\n',
  )
})

test('the image changes its tag with its recipe', () => {
  expect(vpsRecipe('one').tag).toBe(vpsRecipe('one').tag)
  expect(vpsRecipe('one').tag).not.toBe(vpsRecipe('two').tag)
  expect(vpsRecipe(undefined).dockerfile('debian:12')).not.toContain('COPY host-ca.crt')
})

test('another Debian has images of its own, and an unknown one is refused', () => {
  expect(vpsRecipe('one', 'bookworm').tag).toBe(vpsRecipe('one').tag)
  expect(vpsRecipe('one', 'trixie').tag).toMatch(/^fleetfile-lab-trixie:/)
  expect([labDebian({}), labDebian({ FLEET_LAB_DEBIAN: 'trixie' })]).toEqual(['bookworm', 'trixie'])
  expect(() => labDebian({ FLEET_LAB_DEBIAN: 'trixi' })).toThrow('did you mean "trixie"?')
})

test('a resolver on loopback is of no use inside a VPS', () => {
  expect(usableLines('# x\nnameserver 127.0.0.53\nnameserver ::1\nnameserver 192.0.2.1\nsearch lan')).toEqual(
    ['nameserver 192.0.2.1', 'search lan'],
  )
})

const TOOLS = ['ssh-keygen', 'openssl', 'git']

describe('the engine plan', () => {
  const facts: EngineFacts = {
    platform: 'linux',
    denied: false,
    programs: new Set(TOOLS),
    debian: true,
    root: true,
    systemd: false,
    leftPidFiles: false,
  }
  const titles = (some: Partial<EngineFacts>): readonly string[] => {
    const report = planEngine({ ...facts, ...some })
    return report.ready ? [] : report.steps.map(({ argv }) => argv.join(' '))
  }

  test('is empty when an engine answers', () => {
    expect(planEngine({ ...facts, version: '20.10.24' })).toEqual({ ready: true, version: '20.10.24' })
  })
  test('installs the tools of a lab beside an engine that answers', () => {
    const steps = titles({ version: '20.10.24', programs: new Set(['git', 'openssl']) })
    expect(steps.at(-1)).toMatch(/install -qy --no-install-recommends openssh-client$/)
    expect(steps).toHaveLength(2)
  })
  test('installs only what is missing', () => {
    const [update, install, start] = titles({ programs: new Set([...TOOLS, 'iptables']) })
    expect(update).toBe('apt-get update -q')
    expect(install).toMatch(/install -qy --no-install-recommends docker\.io mmdebstrap$/)
    expect(start).toMatch(/^sh -c setsid dockerd/)
  })
  test('forgets an engine that was killed before it starts one', () => {
    const [forget, start] = titles({
      programs: new Set([...TOOLS, 'dockerd', 'iptables', 'mmdebstrap']),
      leftPidFiles: true,
    })
    expect(forget).toMatch(/^sh -c .*docker\.pid/s)
    expect(start).toMatch(/^sh -c setsid dockerd/)
  })
  test('only starts what is installed, with systemd and sudo where they are', () => {
    const programs = new Set([...TOOLS, 'dockerd', 'iptables', 'mmdebstrap', 'sudo'])
    expect(titles({ programs, systemd: true, root: false })).toEqual(['sudo systemctl enable --now docker'])
  })
  test.each([{ platform: 'darwin' }, { denied: true }, { debian: false }, { root: false }])(
    'leaves %j to the operator',
    some => {
      expect(() => planEngine({ ...facts, ...some })).toThrow(
        expect.objectContaining({ code: 'config', hint: expect.any(String) }),
      )
    },
  )
})
