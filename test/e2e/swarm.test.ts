import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureCertificate } from '../../lib/container/certificate.ts'
import { haproxy } from '../../lib/container/haproxy.ts'
import { liveSlot, readProxies } from '../../lib/rollout/proxies.ts'
import { rollback } from '../../lib/rollout/rollback.ts'
import { deploy } from '../../lib/rollout/swap.ts'
import { setUpSwarm } from '../../lib/swarm/set-up.ts'
import { haproxyConfig } from '../../templates/haproxy/haproxy.cfg.ts'
import { FrontDoor } from './front-door.ts'
import { docker } from './machine.ts'
import { SwarmLab } from './swarm-lab.ts'

const lab = new SwarmLab()
const { signal } = new AbortController()
const hosts = ['web1', 'web2', 'web3']

const live = async () => liveSlot((await readProxies([haproxy(lab.lb.context, lab.name)], hosts)).servers)
const say = (what: string, value: unknown) => console.info(what, JSON.stringify(value))
const door = new FrontDoor('app.swap.test', () => lab.lb.address)
const all = () => lab.web.map(({ host }) => host)
const limits = { watchSeconds: 2, drainSeconds: 3, healthSeconds: 20, stopSeconds: 2 }
const bring = async (version: string, broken = '') =>
  deploy(lab.context(), lab.options(await lab.release(version, broken), `hello ${version}`, limits))
const on = async (index: number, script: string) =>
  (await lab.web[index]?.sh(script))?.stdout.toString('utf8').trim() ?? ''

describe('a service on a swarm of three hosts', () => {
  beforeAll(async () => {
    await lab.start()
    const certificate = await ensureCertificate({
      folder: `${lab.folder}/ca`,
      names: ['app.swap.test'],
      now: new Date(),
      signal,
    })
    door.ca = certificate.ca
    const servers = lab.web.flatMap(({ name, address }) => [
      { name: `${name}-blue`, address, port: 8001 },
      { name: `${name}-green`, address, port: 8002 },
    ])
    const services = [{ name: lab.name, names: ['app.swap.test'], health: '/up', servers }]
    await lab.lb.sh('cat >/etc/haproxy/cert.pem', certificate.bundle.reveal())
    await lab.lb.sh(
      'cat >/etc/haproxy/haproxy.cfg',
      haproxyConfig({ services, certificate: '/etc/haproxy/cert.pem' }),
    )
    const { exitCode, stderr } = await lab.lb.sh(
      `mkdir -p /run/haproxy && haproxy -W -D -p /run/haproxy.pid -f /etc/haproxy/haproxy.cfg`,
    )
    if (exitCode !== 0) throw new Error(stderr.toString())
  }, 120_000)
  afterAll(() => lab.stop())

  test('the hosts become one swarm, and the second time nothing is done', async () => {
    const steps = await setUpSwarm(lab.context(), all(), all())
    say('set-up', steps)
    expect(steps.map(step => `${step.host} ${step.do}`)).toEqual([
      'web1 init',
      'web1 name',
      'web2 join',
      'web3 join',
    ])
    expect(await setUpSwarm(lab.context(), all(), all())).toEqual([])
    expect(await on(0, "docker node ls --format '{{.Status}} {{.ManagerStatus}}' | sort")).toBe(
      'Ready Leader\nReady Reachable\nReady Reachable',
    )
  }, 60_000)

  test('the first deploy fills blue, on as many hosts as told', async () => {
    const report = await bring('v1')
    say('first', report)
    expect(report).toMatchObject({ outcome: 'deployed', slot: 'blue' })
    expect(await door.get('/version')).toBe('v1 hello v1\n')
    expect(await bring('v1')).toMatchObject({ outcome: 'unchanged', slot: 'blue' })
  }, 180_000)

  test('the next release takes over under load: no failed request', async () => {
    const { result, report } = await door.underLoad(() => bring('v2'))
    say('second', result)
    say('probe', report)
    expect(result).toMatchObject({ outcome: 'deployed', slot: 'green' })
    expect(report.failed).toBe(0)
    expect(report.versions.map(({ version }) => version)).toEqual(['v1 hello v1', 'v2 hello v2'])
  }, 180_000)

  test('a rollback is one flip', async () => {
    const { result, report } = await door.underLoad(() =>
      rollback(lab.context(), { target: lab.target, now: () => new Date() }),
    )
    say('rollback', result)
    expect(result).toMatchObject({ warm: true, slot: 'blue', label: 'v1' })
    expect(report.failed).toBe(0)
    expect(await live()).toBe('blue')
  }, 60_000)

  test('a release that crashes is put back by Swarm, and the reason is told', async () => {
    const { result: error, report } = await door.underLoad(() =>
      bring('bad', 'crash').catch((thrown: unknown) => thrown),
    )
    say('error', error instanceof Error ? error.message : error)
    const reason = /ended with exit code 3[^]*cannot import name 'settings'/
    expect(error).toMatchObject({ exitCode: 7, message: expect.stringMatching(reason) as unknown })
    expect(report.failed).toBe(0)
    expect(await live()).toBe('blue')
    // What was in the idle slot is there again, as the way back.
    const label = `docker service inspect -f '{{index .Spec.Labels "fleetfile.label"}}' t-swarm-green`
    expect(await on(1, label)).toBe('v2')
  }, 120_000)

  test('no value of the environment is in what the swarm shows, and no token was told', async () => {
    const shown = await on(
      0,
      'docker service inspect t-swarm-blue t-swarm-green; docker secret inspect $(docker secret ls -q)',
    )
    expect(shown).toContain('t-swarm-green')
    expect(shown).not.toMatch(/hello v/)
    expect(JSON.stringify(lab.events)).not.toMatch(/hello v|SWMTKN/)
    // One secret for each slot: those of other editions are gone.
    expect((await on(0, 'docker secret ls -q')).split('\n')).toHaveLength(2)
  })

  test('a manager that dies in the middle of an update: the swarm moves its container, and the update ends well', async () => {
    const killed = lab.web[0]?.container ?? ''
    let killing: Promise<unknown> | undefined
    const ctx = lab.context()
    const deadly = {
      ...ctx,
      note: (text: string) => {
        if (text.includes('v3 on 2 of 3 hosts')) killing = docker('stop', '--time', '1', killed)
        ctx.note(text)
      },
    }
    const options = lab.options(await lab.release('v3'), 'hello v3', { ...limits, healthSeconds: 60 })
    const { result, report } = await door.underLoad(() => deploy(deadly, options))
    await killing
    say('manager killed', [result, report])
    expect(result).toMatchObject({ outcome: 'deployed', slot: 'green' })
    expect(report.versions.at(-1)?.version).toBe('v3 hello v3')
    const servers = await haproxy(lab.lb.context, lab.name).read()
    const up = servers.filter(({ slot, health }) => slot === 'green' && health === 'up')
    expect(up.map(({ host }) => host).toSorted()).toEqual(['web2', 'web3'])
  }, 240_000)

  test('the next release goes to the hosts that are left', async () => {
    lab.abandoned.clear()
    lab.away = new Set(['web1'])
    expect(await setUpSwarm(lab.context(), all(), lab.target.hosts)).toEqual([])
    const { result, report } = await door.underLoad(() => bring('v4'))
    expect(result).toMatchObject({ outcome: 'deployed', slot: 'blue' })
    expect(report.failed).toBe(0)
    expect(report.versions.map(({ version }) => version)).toEqual(['v3 hello v3', 'v4 hello v4'])
  }, 120_000)
})

afterAll(async () => {
  const images = (await docker('image', 'ls', '--quiet', `fleetfile/${lab.name}`)).split('\n').filter(Boolean)
  if (images.length > 0) await docker('rmi', '--force', ...new Set(images))
})
