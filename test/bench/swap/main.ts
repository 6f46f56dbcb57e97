import { execa } from 'execa'
import { messageOf } from '../../../lib/errors.ts'
import { setup } from '../../support/images.ts'
import { commands, type Commands } from './commands.ts'
import { failedOf, requestsOf, underLoad } from './load.ts'
import { nginxReload } from './nginx-way.ts'
import { shipReport, shipRows } from './ship.ts'
import { readOptions, type Options } from './options.ts'
import { report, type Swapped } from './report.ts'
import { must, Stage } from './stage.ts'
import { swarmUpdate } from './swarm-way.ts'
import { ours, stopAndRun, type Way } from './ways.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)

/** Measures what the flags ask for. Resolves with the exit code: 0, also when a goal is missed. */
export async function swap(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv)
  const begun = Date.now()
  const wrk = await execa('wrk', ['--version'], { reject: false, all: true })
  if (wrk.failed && !wrk.all.startsWith('wrk ')) {
    say('wrk makes the load: apt-get install wrk')
    return 2
  }
  await setup()
  const stage = new Stage()
  let left: Promise<void> | undefined
  const leave = () => (left ??= stage.stop())
  process.once('SIGINT', () => void leave().then(() => process.exit(8)))
  try {
    say('making 3 machines')
    await stage.start()
    const versions = await versionsOf(stage, /^wrk (\S+)/.exec(wrk.all)?.[1] ?? '')
    const own = ours(stage)
    // The images of every way are brought to the hosts by it.
    await own.prepare()
    const swapped = await underEach(stage, own, options)
    const measured: { commands?: Commands } = {}
    const more: string[] = []
    if (options.rows.includes('commands')) {
      say('the command over SSH')
      try {
        measured.commands = await commands(stage, options.rounds, say)
      } catch (error) {
        say(messageOf(error))
        more.push(`The command over SSH was not measured: ${messageOf(error).split('\n')[0] ?? ''}`, '')
      }
    }
    // Its machines are its own.
    await leave()
    if (options.rows.includes('ship')) more.push(...shipReport(await shipRows(say)))
    const minutes = Math.round((Date.now() - begun) / 6000) / 10
    process.stdout.write(await report({ swapped, ...measured, more, versions, minutes }))
    say(`${minutes} minutes`)
  } finally {
    await leave()
  }
  return 0
}

/** One way after the other, under the same load. */
async function underEach(stage: Stage, own: Way, { rows, swaps, others }: Options): Promise<Swapped[]> {
  const images = await stage.images()
  const swapped: Swapped[] = []
  if (rows.includes('fleet')) swapped.push(await measure(stage, own, swaps))
  const more = [
    { id: 'stop-run', way: () => stopAndRun(stage, images) },
    { id: 'nginx', way: () => nginxReload(stage, images) },
    { id: 'swarm', way: () => swarmUpdate(stage, images) },
  ] as const
  for (const { id, way: make } of more.filter(each => rows.includes(each.id))) {
    const way = make()
    try {
      await way.prepare()
      swapped.push(await measure(stage, way, others))
    } catch (error) {
      const skipped = `skipped: ${messageOf(error).split('\n')[0] ?? ''}`
      say(`${id} ${skipped}: ${messageOf(error)}`)
      swapped.push({ way: way.title, swaps: 0, skipped })
    } finally {
      await way.clear?.()
    }
  }
  return swapped
}

async function measure(stage: Stage, way: Way, swaps: number): Promise<Swapped> {
  say(`${way.title}: ${swaps} swaps`)
  const load = await underLoad(stage.folder, way.origin, async () => {
    for (let turn = 1; turn <= swaps; turn += 1) await way.swap(turn)
  })
  const failed = load.met.map(each => `${failedOf(each)} ${each.kind}`).join(', ')
  say(
    `  ${Math.round(requestsOf(load) / load.seconds)} a second for ${Math.round(load.seconds)} s; failed: ${failed}`,
  )
  return { way: way.title, swaps, ...load }
}

async function versionsOf({ lab }: Stage, wrk: string): Promise<Record<string, string>> {
  const [web] = lab.web
  if (web === undefined) throw new Error('unreachable')
  const first = (text: string) => /\d+(\.\d+)+/.exec(text)?.[0] ?? text
  return {
    wrk,
    HAProxy: first(await must(lab.lb, 'haproxy -v')),
    nginx: first(await must(lab.lb, 'nginx -v 2>&1')),
    Docker: await must(web, "docker version --format '{{.Server.Version}}'"),
  }
}
