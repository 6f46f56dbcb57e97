import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { messageOf } from '../../lib/errors.ts'
import { labPlace } from '../../lib/providers/lab/place.ts'
import { containerName } from '../../lib/providers/lab/names.ts'
import { probe } from '../../lib/swap/probe.ts'
import type { ProbeReport } from '../../lib/swap/probe-report.ts'
import { table } from '../../lib/ui/table.ts'
import { userFolders } from '../places.ts'
import { bulkResult, deployResult, logsResult, machinesResult, swapResult, usersResult } from './cast.ts'
import { fleet } from './fleet-command.ts'
import { writeReleases } from './releases.ts'
import { openStage } from './stage.ts'
import { tell, type Told } from './story.ts'
import { signUp, type FrontDoor } from './visitor.ts'

// Before anything else, and with this command's own --yes.
await import('../engine.ts')

const NAME = 'app.lab.test'
const USERS = 24
const PER_SECOND = 40

const paths = userFolders(process.env, homedir())
const lab = labPlace('lab', { paths, env: process.env })
using stage = openStage(process.stdout, process.stdout.isTTY && process.env.CI !== 'true')
const told: Told[] = []
const act = async (title: string, step: () => Promise<string>) => {
  try {
    told.push(await tell(stage, title, step))
  } catch (error) {
    stage[Symbol.dispose]()
    process.stderr.write(
      `error: ${title}: ${messageOf(error)}\nhint: run it again: what is done is not done twice\n`,
    )
    process.exit(1)
  }
}
const run = (...args: readonly string[]) => fleet(stage, args)

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`

/** Keeps asking the front door while `work` is done. */
async function underLoad(door: FrontDoor, work: () => Promise<unknown>): Promise<ProbeReport> {
  const stop = new AbortController()
  const asking = probe({
    url: new URL(`https://${door.name}/version`),
    addresses: [door.address],
    ca: door.ca,
    perSecond: PER_SECOND,
    concurrency: 20,
    signal: stop.signal,
    version: body => /"version":\s*"([^"]*)"/.exec(body)?.[1] ?? body,
  })
  try {
    await sleep(1000)
    await work()
    await sleep(1000)
  } finally {
    stop.abort()
  }
  return asking
}

const traffic = (report: ProbeReport): string =>
  `${report.requests} requests, ${report.failed} failed, longest gap ${seconds(report.longestGap)}, ` +
  `versions ${report.versions.map(({ version }) => version).join(' then ')}`

let addresses = new Map<string, string>()
await act('lab: 7 machines', async () => {
  const { data } = await run('lab', 'up')
  const machines = machinesResult.parse(data)
  addresses = new Map(machines.map(({ name, address }) => [name, address]))
  return machines.map(({ name }) => name).join(' ')
})
await act('provision: bare VPSes to safe servers', async () => {
  const { changed } = await run('provision')
  return `${changed} changes; only declared ports answer`
})

const source = new URL('../../../templates/sample-service', import.meta.url).pathname
const { v1, v2 } = await writeReleases(source, join(lab.directory, 'releases'))
await act('deploy release 1: database, sync, web', async () => {
  const { data } = await run('deploy', 'all', '--release', v1)
  return `${deployResult.parse(data).changed} changes`
})

const ca = await readFile(join(lab.directory, 'certificates/ca.pem'), 'utf8')
const door: FrontDoor = { address: addresses.get('lb1') ?? '', name: NAME, ca }
let user = ''
await act(`${USERS} users sign up and synchronise`, async () => {
  const stamp = Date.now().toString(36)
  const ids: string[] = []
  for (let count = 0; count < USERS; count++)
    ids.push(await signUp(door, `user-${stamp}-${count}@example.com`))
  for (let attempt = 0; attempt < 60; attempt++) {
    const id = ids[attempt % ids.length] ?? ''
    // Only a look: the first fetch is a step of its own.
    const { servers } = logsResult.parse((await run('logs', id, '--plan')).data)
    if (servers.every(({ files }) => files > 0)) {
      user = id
      return `${user} has logs on ${servers.length} servers`
    }
    await sleep(500)
  }
  throw new Error('no user was synchronised on every server')
})
await act('swap web to release 2, under load', async () =>
  traffic(await underLoad(door, () => run('swap', 'web', '--release', v2))),
)
await act('roll back in one flip, under load', async () => {
  let flip = ''
  const report = await underLoad(door, async () => {
    flip = `flip ${swapResult.parse((await run('rollback', 'web')).data).flip?.milliseconds} ms; `
  })
  return flip + traffic(report)
})
for (const round of ['first', 'second']) {
  await act(`merged log of one user, ${round} fetch`, async () => {
    const { servers, records } = logsResult.parse((await run('logs', user)).data)
    const bytes = servers.map(({ host, newBytes }) => `${host} ${newBytes} B`).join(', ')
    return `${records.length} records in time order; new: ${bytes}`
  })
}
await act('kill sync workers; unlock stranded users', async () => {
  for (let round = 0; round < 3; round++) {
    await execa(
      'docker',
      ['exec', containerName(lab.name, 'sync3'), 'pkill', '-KILL', '-f', 'sync_worker.py'],
      {
        reject: false,
      },
    )
    await sleep(1500)
  }
  const { total } = usersResult.parse((await run('users', 'list', '--where', 'stranded')).data)
  if (total === 0) return 'the watchdog freed them first'
  const { data } = await run('users', 'unlock', '--where', 'stranded', '--yes', String(total))
  const { results } = bulkResult.parse(data)
  return `${total} stranded, ${results.filter(({ outcome }) => outcome === 'done').length} freed, one receipt each`
})
await act('deploy release 1 again', async () => {
  const { data } = await run('deploy', 'all', '--release', v1)
  return `${deployResult.parse(data).changed} changes`
})

const total = told.reduce((sum, step) => sum + step.seconds, 0)
stage.line('')
stage.line(
  table(
    ['step', 'seconds', 'result'],
    [
      ...told.map(({ title, seconds: took, says }) => [title, took.toFixed(1), says]),
      ['all', total.toFixed(1), ''],
    ],
  ).trimEnd(),
)
stage.line(`
The fleet stays up. Go on with:
  npx fleet status
  npx fleet logs ${user}
  npx fleet users list
  npx fleet swap web --release ${v2}
  npx fleet workers set --count 4
  npx fleet lab cut web2 && npx fleet status; npx fleet lab heal web2
  curl --cacert ${join(lab.directory, 'certificates/ca.pem')} --resolve ${NAME}:443:${door.address} https://${NAME}/version
  npx fleet lab down`)
