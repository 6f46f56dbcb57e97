import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { haproxy } from '../../lib/proxy/haproxy.ts'
import { heldCommand, parseHeld } from '../../lib/container/held-releases.ts'
import { letGo } from '../../lib/release/let-go.ts'
import { rollback } from '../../lib/swap/rollback.ts'
import { deploy } from '../../lib/swap/swap.ts'
import { openSwap } from '../../lib/swap/swap-target.ts'
import { setUpSwarm } from '../../lib/swarm/set-up.ts'
import { doorOf, startFront } from './swap-front.ts'
import { SwarmLab } from './swarm-lab.ts'

const lab = new SwarmLab()

const say = (what: string, value: unknown) => console.info(what, JSON.stringify(value))
const door = doorOf(lab)
const limits = { watchSeconds: 1, drainSeconds: 3, healthSeconds: 20, stopSeconds: 2 }
const bring = async (version: string, broken = '') =>
  deploy(lab.context(), lab.options(await lab.release(version, broken), `hello ${version}`, limits))
const on = async (index: number, script: string) =>
  (await lab.web[index]?.sh(script))?.stdout.toString('utf8').trim() ?? ''
const inSwarm = (format: string) => `docker service inspect -f '${format}' t-swarm-blue t-swarm-green`

describe('a service on a swarm of three hosts', () => {
  beforeAll(async () => {
    await lab.start()
    await startFront(lab, door)
  }, 120_000)
  afterAll(() => lab.stop())

  test('the hosts become one swarm, and the first deploy fills blue on as many as told', async () => {
    const { hosts } = lab.target
    const steps = await setUpSwarm(lab.context(), hosts, hosts)
    expect(steps.map(step => `${step.host} ${step.do}`)).toEqual([
      'web1 init',
      'web1 name',
      'web2 join',
      'web3 join',
    ])
    expect(await setUpSwarm(lab.context(), hosts, hosts)).toEqual([])
    expect(await bring('v1')).toMatchObject({ outcome: 'deployed', slot: 'blue' })
    expect(await door.get('/version')).toBe('v1 hello v1\n')
    expect(await bring('v1')).toMatchObject({ outcome: 'unchanged', slot: 'blue' })
  }, 180_000)

  test('the next release takes over under load, a rollback is one flip, and no environment shows', async () => {
    // As a service has it that was placed on its hosts before: its port is taken.
    const before =
      'docker run --detach --name t-swarm-green --publish 8002:8000 $(docker image ls --quiet fleetfile/t-swarm | head -n 1) sleep 600'
    for (const index of [0, 1, 2]) expect(await on(index, before)).toMatch(/^[0-9a-f]{64}$/)
    const { result, report } = await door.underLoad(() => bring('v2'))
    expect(await on(0, 'docker container ls --all --quiet --filter name=^t-swarm-green$')).toBe('')
    say('second', [result, report])
    expect(result).toMatchObject({ outcome: 'deployed', slot: 'green', probe: { failed: 0 } })
    expect(report.reasons).toEqual([])
    expect(report.versions.map(({ version }) => version)).toEqual(['v1 hello v1', 'v2 hello v2'])
    const back = await door.underLoad(() =>
      rollback(lab.context(), { target: lab.target, now: () => new Date() }),
    )
    expect(back.result).toMatchObject({ warm: true, slot: 'blue', label: 'v1' })
    expect(back.report.reasons).toEqual([])
    const shown = await on(
      0,
      `${inSwarm('{{json .}}')}; docker secret inspect $(docker secret ls -q) && docker secret ls -q | wc -l`,
    )
    // One secret for each slot.
    expect(shown).toMatch(/t-swarm-green[^]*\n2$/)
    expect(shown).not.toMatch(/hello v/)
    expect(JSON.stringify(lab.events)).not.toMatch(/hello v|SWMTKN/)
  }, 180_000)

  test('a release that crashes is told why and put back by Swarm', async () => {
    const { result: error, report } = await door.underLoad(() =>
      bring('bad', 'crash').catch((thrown: unknown) => thrown),
    )
    say('error', error instanceof Error ? error.message : error)
    const reason = /ended with exit code 3[^]*cannot import name 'settings'/
    expect(error).toMatchObject({ exitCode: 7, message: expect.stringMatching(reason) as unknown })
    expect(report.reasons).toEqual([])
    expect(await on(1, inSwarm('{{index .Spec.Labels "fleetfile.label"}}'))).toBe('v1\nv2')
    // No host may let go what the swarm runs, not even the one that it leaves out.
    const images = (await on(0, inSwarm('{{.Spec.TaskTemplate.ContainerSpec.Image}}'))).split('\n')
    for (const index of lab.web.keys()) {
      const { used } = parseHeld(await on(index, heldCommand(lab.name, 'docker').text))
      expect([...used]).toEqual(expect.arrayContaining(images))
    }
  }, 180_000)

  test('a manager that dies in an update: its container moves, the update ends well or is taken up, its images stay', async () => {
    let killing: Promise<unknown> | undefined
    const ctx = lab.context()
    const deadly = {
      ...ctx,
      note: (text: string) => {
        if (text.includes('v3 on 2 of 3 hosts')) killing = lab.web[0]?.halt('stop', '--time', '1')
        ctx.note(text)
      },
    }
    const options = lab.options(await lab.release('v3'), 'hello v3', { ...limits, healthSeconds: 60 })
    const { result, report } = await door.underLoad(() =>
      deploy(deadly, options).catch((error: unknown) => error),
    )
    await killing
    lab.away = new Set(['web1'])
    // The lease of the host that died may be lost before the update has ended.
    const taken =
      result instanceof Error ? await deploy(lab.context(), { ...options, target: lab.target }) : result
    say('manager killed', [result instanceof Error ? result.message : result, taken, report])
    expect(taken).toMatchObject({ slot: 'green' })
    expect(await door.get('/version')).toBe('v3 hello v3\n')
    const servers = await haproxy(lab.lb.context, lab.name).read()
    const up = servers.filter(({ slot, health }) => slot === 'green' && health === 'up')
    expect(up.map(({ host }) => host).toSorted()).toEqual(['web2', 'web3'])
    await letGo(openSwap(lab.context(), lab.target))
    const images = (await on(1, inSwarm('{{.Spec.TaskTemplate.ContainerSpec.Image}}'))).split('\n').join(' ')
    for (const index of [1, 2]) expect(await on(index, `docker image inspect -f ok ${images}`)).toBe('ok\nok')
    // Of the releases that neither runs nor could be gone back to, nothing is left, although their containers had ended.
    const held =
      'docker image ls --quiet fleetfile/t-swarm | sort -u | wc -l; ls /etc/fleetfile/t-swarm/*-*.json | wc -l'
    for (const index of [1, 2]) expect(await on(index, held)).toBe('3\n3')
    expect(await door.get('/version')).toBe('v3 hello v3\n')
  }, 240_000)

  test('without `placement` its hosts run it again: no failed request, and the swarm is rid of it', async () => {
    lab.placed = false
    const { result, report } = await door.underLoad(() => bring('v4'))
    say('off the swarm', [result, report])
    expect(result).toMatchObject({ outcome: 'deployed', slot: 'blue', probe: { failed: 0 } })
    expect(report.failed).toBe(0)
    expect(report.versions.map(({ version }) => version)).toEqual(['v3 hello v3', 'v4 hello v4'])
    const left = `docker service ls -q; docker secret ls -q; docker ps --format '{{.Names}}'`
    for (const index of [1, 2]) expect(await on(index, left)).toBe('t-swarm-blue')
    expect(await bring('v4')).toMatchObject({ outcome: 'unchanged', slot: 'blue' })
    const back = await door.underLoad(() =>
      rollback(lab.context(), { target: lab.target, now: () => new Date() }),
    )
    expect(back.result).toMatchObject({ warm: false, slot: 'green', label: 'v3' })
    expect(back.report.failed).toBe(0)
  }, 180_000)
})
