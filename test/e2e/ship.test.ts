import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FleetHost } from '../../lib/fleet/resolved.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { dockerEngine } from '../../lib/container/engine.ts'
import type { Image } from '../../lib/container/image.ts'
import { pullImage } from '../../lib/ship/pull.ts'
import { imageRelease } from '../../lib/release/release-image.ts'
import { copyImage } from '../../lib/ship/copy-image.ts'
import { ShipLab } from './ship-lab.ts'

const lab = new ShipLab(3)

/** Nothing of a ship stays: no piece, no key, no file of a key. */
const LEFT =
  'find /var/lib/fleetfile/ship /var/lib/fleetfile-ship/pieces /run/fleet-ship.* -type f ! -name lock 2>/dev/null; cat /var/lib/fleetfile-ship/.ssh/authorized_keys 2>/dev/null; true'
const images = (tag: string) => lab.say(`docker image inspect --format '{{.Id}}' ${tag} 2>&1`)
const notes = () => lab.events.flatMap(event => (event.type === 'note' ? [event.text] : []))
const host = (index: number): FleetHost => {
  const found = lab.hosts[index]
  if (found === undefined) throw new Error(`no host ${index}`)
  return found
}

describe('an image on its way to three hosts with their own engines', () => {
  beforeAll(() => lab.start(), 300_000)
  afterAll(() => lab.stop())

  test('goes out once, then from host to host; nothing of it stays but the image', async () => {
    const image = await lab.image('v1')
    const shipped = await lab.ship(image)
    expect([...shipped.values()].map(({ from }) => from ?? 'here').sort()).toEqual(['h1', 'h1', 'here'])
    expect(await lab.sent()).toBeLessThan(9_300_000)
    expect(await images(image.tag)).toEqual([image.id, image.id, image.id])
    expect(await lab.say(LEFT)).toEqual(['', '', ''])
    const last = lab.events.findLast(event => event.type === 'progress' && event.id === 'ship h3')
    expect(last).toMatchObject({ done: shipped.get('h3')?.bytes, total: shipped.get('h3')?.bytes })
  })

  test('the same image again costs one execution a host', async () => {
    const image = await lab.image('v1')
    const before = await lab.executions()
    expect([...(await lab.ship(image)).values()].map(({ bytes }) => bytes)).toEqual([0, 0, 0])
    expect((await lab.executions()) - before).toBe(3)
  })

  test('after a change of one line, at most 1.1 times the changed layer goes out, to all hosts together', async () => {
    await lab.ship(await lab.image('small-1', 400_000))
    const before = await lab.sent()
    const shipped = await lab.ship(await lab.image('small-2', 400_000))
    expect([...shipped.values()].map(({ layers }) => layers)).toEqual([1, 1, 1])
    expect((await lab.sent()) - before).toBeLessThan(1.1 * 400_000)
  })

  test('Podman takes no layer twice either, from here or from another host', async () => {
    const toPodman = (image: Image) => lab.ship(image, lab.hosts, lab.context(), 'podman')
    await toPodman(await lab.image('small-1', 400_000))
    const before = await lab.sent()
    const image = await lab.image('small-2', 400_000)
    const shipped = [...(await toPodman(image)).values()]
    expect(shipped.map(({ layers, whole, id }) => [layers, whole, id])).toEqual(
      Array.from({ length: 3 }, () => [1, false, image.id]),
    )
    expect(shipped.map(({ from }) => from ?? 'here').sort()).toEqual(['h1', 'h1', 'here'])
    expect((await lab.sent()) - before).toBeLessThan(1.1 * 400_000)
    // Layers that were not sent are in it.
    const sizes = await lab.say(`podman image save ${image.tag} | wc -c`)
    expect(sizes.map(size => Number(size) > 1_400_000)).toEqual([true, true, true])
    expect(await lab.say(LEFT)).toEqual(['', '', ''])
  })

  test('cut off half-way, the next ship goes on from there', async () => {
    const image = await lab.image('v2', 8_000_001)
    const stop = new AbortController()
    const ctx = lab.context(stop)
    const cut = {
      ...ctx,
      emit: (event: Parameters<typeof ctx.emit>[0]) => {
        ctx.emit(event)
        if (event.type === 'progress' && event.done > 3_000_000) stop.abort()
      },
    }
    await expect(lab.ship(image, [host(0)], cut)).rejects.toMatchObject({ exitCode: 8 })
    await lab.hangUp()
    const [left = ''] = await lab.say(
      'sleep 1; cat $(find /var/lib/fleetfile/ship -type f ! -name lock) | wc -c',
    )
    expect(Number(left)).toBeGreaterThan(3_000_000)
    const shipped = await lab.ship(image, [host(0)])
    expect(shipped.get('h1')?.bytes).toBeLessThan(8_010_000 - Number(left))
    expect(await lab.say(LEFT)).toEqual(['', '', ''])
  })

  test('a source that dies half-way is replaced, and nobody begins anew', async () => {
    const image = await lab.image('v3', 8_000_002)
    await lab.say(
      `printf '#!/bin/sh\\n/usr/bin/tail "$@" | head -c 3000000; exit 1\\n' >/usr/local/bin/tail; chmod 0755 /usr/local/bin/tail`,
      lab.machines.slice(0, 1),
    )
    const before = await lab.sent()
    const shipped = await lab.ship(image)
    expect(notes().join('\n')).toMatch(/h1 stopped giving fleetfile\/t-ship:.* on: looking for another way/)
    expect([...shipped.values()].filter(({ from }) => from === undefined)).toHaveLength(2)
    expect((await lab.sent()) - before).toBeLessThan(8_000_000 + 5_000_000 + 100_000)
    expect(await images(image.tag)).toEqual([image.id, image.id, image.id])
    expect(await lab.say(LEFT)).toEqual(['', '', ''])
    await lab.say('rm -f /usr/local/bin/tail')
  })

  test('hosts that do not reach each other get it from here, and it is said', async () => {
    const addresses = lab.machines.map(({ address }) => address).join(', ')
    await lab.say(
      `nft 'table ip wall { chain in { type filter hook input priority 0; ip saddr { ${addresses} } tcp dport 22 reject with tcp reset; }; }'`,
    )
    const image = await lab.image('v4', 400_000)
    const shipped = await lab.ship(image)
    await lab.say('nft delete table ip wall')
    expect([...shipped.values()].map(({ from }) => from)).toEqual([undefined, undefined, undefined])
    expect(notes().at(-1)).toMatch(/cannot fetch from h1 \(.*Connection refused.*\): sent from here instead/)
    expect(await images(image.tag)).toEqual([image.id, image.id, image.id])
  })

  test('a disk that fills up is told; nothing is left of the ship, and its next one goes through', async () => {
    const image = await lab.image('v5', 8_000_003)
    const first = lab.machines.slice(0, 1)
    // df tells of room that is not there: what others write meanwhile.
    await lab.say(
      `mount --bind /small /var/lib/fleetfile/ship; printf '#!/bin/sh\\nexec /usr/bin/df -Pk /\\n' >/usr/local/bin/df; chmod 0755 /usr/local/bin/df`,
      first,
    )
    await expect(lab.ship(image, [host(0)])).rejects.toThrow(
      /h1: the disk is full: fleetfile\/t-ship:.* did not arrive\n.*No space left on device/,
    )
    expect(
      await lab.say(`${LEFT}; docker image inspect --format x ${image.tag} 2>&1 | tail -1`, first),
    ).toEqual([expect.stringMatching(/No such image/)])
    await lab.say('rm -f /usr/local/bin/df', first)
    await expect(lab.ship(image, [host(0)])).rejects.toThrow(
      /h1: .* needs 7\d.* MB of disk in \/var\/lib\/fleetfile, 4\.\d* MB are free/,
    )
    await lab.say('umount /var/lib/fleetfile/ship', first)
    expect((await lab.ship(image)).size).toBe(3)
  })

  test('a host that was away gets an image from one of the others, not from here', async () => {
    const image = await lab.image('v7', 400_000)
    await lab.ship(image, [host(0)])
    const options = { service: 't-ship', hostEngine: 'docker' as const, from: host(0), image: image.id }
    const before = await lab.sent()
    expect(await copyImage(lab.context(), { ...options, to: host(1) })).toBe(image.id)
    expect((await lab.sent()) - before).toBeLessThan(40_000)
    await lab.say(
      `nft 'table ip wall { chain in { type filter hook input priority 0; ip saddr ${host(2).address} tcp dport 22 reject with tcp reset; }; }'`,
    )
    expect(await copyImage(lab.context(), { ...options, to: host(2) })).toBe(image.id)
    await lab.say('nft delete table ip wall')
    expect(notes().at(-1)).toMatch(/cannot fetch from h1 \(.*refused.*\): sent by way of this machine/)
    expect(await images(image.tag)).toEqual([image.id, image.id, image.id])
    expect(await lab.say(LEFT)).toEqual(['', '', ''])
  })

  test('a release in a real registry is pulled by its digest, and asked for no more once it is there', async ({
    skip,
  }) => {
    const [first, ...others] = lab.machines
    if (first === undefined || (await first.sh('command -v docker-registry')).exitCode !== 0) {
      skip('Debian has no docker-registry here')
      return
    }
    const image = await lab.image('v8', 400_000)
    await lab.ship(image, [host(0)])
    const registry = `${first.address}:5000`
    await first.sh(
      `cat >/tmp/registry.yml <<'END'
version: 0.1
storage: { filesystem: { rootdirectory: /tmp/registry } }
http: { addr: ':5000' }
END
setsid docker-registry serve /tmp/registry.yml >/tmp/registry.log 2>&1 &`,
    )
    await sleep(500)
    await lab.say(
      `until curl -s http://127.0.0.1:5000/v2/ >/dev/null; do sleep 0.2; done; docker tag ${image.tag} ${registry}/app && docker push -q ${registry}/app`,
      [first],
    )
    const [digest = ''] = await lab.say(
      `docker image inspect --format '{{index .RepoDigests 0}}' ${registry}/app`,
      [first],
    )
    const { id: release, image: reference = '' } = imageRelease(`image:${digest}`)
    const options = {
      service: 't-ship',
      release,
      reference,
      hosts: lab.hosts.slice(1),
      hostEngine: 'docker' as const,
    }
    const pulled = await pullImage(lab.context(), options)
    expect([...pulled.values()].map(({ id, from }) => [id, from])).toEqual([
      [image.id, reference],
      [image.id, reference],
    ])
    expect(
      await lab.say(`docker image inspect --format '{{.Id}}' fleetfile/t-ship:${release}`, others),
    ).toEqual([image.id, image.id])
    await first.sh('pkill docker-registry')
    expect([...(await pullImage(lab.context(), options)).values()].map(({ bytes }) => bytes)).toEqual([0, 0])
    const gone = { ...options, reference: reference.replace(/@.*/, `@sha256:${'0'.repeat(64)}`) }
    await expect(pullImage(lab.context(), gone)).rejects.toThrow(/h2: cannot pull .*[^]*connection refused/)
  })

  test('a release is the same image on every engine that builds it', async () => {
    const [first] = lab.machines
    const recipe = { base: 't-ship-base', command: ['/none'], user: 'nobody' }
    const release = await lab.files('built', { 'app/main': 'x\n', other: 'y\n' })
    const other = await lab.engineOf(first)
    const here = await lab.build(release, recipe, dockerEngine())
    const there = await lab.build(release, recipe, other)
    expect(there.layers).toEqual(here.layers)
    expect(there.id).toBe(here.id)
  })

  test('what a killed client left is cleaned up by the next ship', async () => {
    await lab.say(
      `s=/var/lib/fleetfile/ship/other; mkdir -p $s; echo x >$s/old; touch -d '2 days ago' $s/old
echo 'restrict,command="/bin/true" ssh-ed25519 AAAA gone 1000' >>/var/lib/fleetfile-ship/.ssh/authorized_keys`,
      lab.machines.slice(0, 1),
    )
    await lab.ship(await lab.image('v6', 400_000))
    expect(await lab.say(LEFT)).toEqual(['', '', ''])
  })
})
