import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LabFleet } from '../../support/lab-fleet.ts'
import { delayed } from './delay.ts'
import { measure, type Line } from './measure.ts'
import { readOptions } from './options.ts'
import { report, type Measured } from './report.ts'
import { ROWS, type Row } from './rows.ts'
import { endpoints, setStage, strikeStage, type Endpoint, type Stage } from './stage.ts'
import type { Scene, Tool } from './tool.ts'
import { ANSIBLES } from './tools/ansible.ts'
import { clush } from './tools/clush.ts'
import { FABRICS } from './tools/fabric.ts'
import { fleet } from './tools/fleet.ts'
import { install } from './tools/installed.ts'
import { pyinfra } from './tools/pyinfra.ts'
import { writePlainFiles } from './workload.ts'

const TOOLS: readonly Tool[] = [fleet, ...ANSIBLES, pyinfra, ...FABRICS, clush]
/** Milliseconds added to each round trip of the far row. */
const FAR = 50
/** Seconds: what takes longer is measured once, its spread is small beside the ratios. */
const LONG = 15
/** Machines that 200 hosts share. */
const PORTS = 4

const say = (text: string) => process.stderr.write(`${text}\n`)

/** Measures what the flags ask for, on a lab of its own. Resolves with the exit code: 0, also when a goal is missed. */
export async function rollout(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv)
  const begun = Date.now()
  const versions = await versionsOf(options.only, options.install)
  const tools = TOOLS.filter(({ name }) => versions.has(name))
  const rows = ROWS.filter(({ id }) => options.rows.includes(id)).map(row => ({
    ...row,
    hosts: Math.min(row.hosts, options.hosts),
  }))
  const folder = join(tmpdir(), `fleet-bench-${process.pid}`)
  const measured: Measured[] = []
  const count = Math.max(...rows.map(row => (row.id === 'many' ? Math.ceil(row.hosts / PORTS) : row.hosts)))
  say(`making ${count} machines`)
  const lab = await LabFleet.open('bench')
  let setting: Promise<Stage> | undefined
  let left: Promise<void> | undefined
  const clear = async () => {
    // What is still being made cannot be taken down.
    await setting?.catch(() => undefined)
    await strikeStage(lab, folder)
    await rm(folder, { recursive: true, force: true })
  }
  const leave = () => (left ??= clear())
  process.once('SIGINT', () => void leave().then(() => process.exit(8)))
  try {
    setting = setStage(lab, folder, count)
    const stage = await setting
    await prepareHosts(stage, rows, tools)
    for (const row of rows) measured.push(...(await play(row, stage, folder, tools, options.rounds)))
  } finally {
    await leave()
  }
  const minutes = Math.round((Date.now() - begun) / 60_000)
  process.stdout.write(await report({ rows, versions, measured, minutes, hosts: options.hosts }))
  return 0
}

/** The tools of this machine with their versions; says which are missing and how to get them. */
async function versionsOf(only: readonly string[], installs: boolean): Promise<ReadonlyMap<string, string>> {
  const versions = new Map<string, string>()
  for (const tool of TOOLS) {
    if (only.length > 0 && !only.some(each => tool.name.includes(each) || tool.family === each)) continue
    if (installs && (await tool.version()) === undefined) {
      await install(tool.install).catch((error: unknown) =>
        say(`${tool.name} cannot be installed: ${String(error)}`),
      )
    }
    const version = await tool.version()
    if (version === undefined)
      say(`skipped ${tool.name}: not on this machine (--install: ${tool.install.join(' ')})`)
    else versions.set(tool.name, version)
  }
  return versions
}

async function prepareHosts(stage: Stage, rows: readonly Row[], tools: readonly Tool[]): Promise<void> {
  const applied = rows.filter(row => row.work === 'apply' && row.families === undefined)
  if (applied.length === 0 || !tools.some(({ family }) => family === 'ansible' || family === 'mitogen'))
    return
  say('installing what Ansible needs on its hosts')
  const count = Math.max(...applied.map(({ hosts }) => hosts))
  await stage.inside(
    stage.machines.slice(0, count),
    'export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && apt-get install -qqy --no-install-recommends python3-apt >/dev/null',
  )
}

async function sceneOf(row: Row, stage: Stage, base: string, hosts: readonly Endpoint[]): Promise<Scene> {
  const folder = join(base, row.id)
  await mkdir(folder, { recursive: true })
  const scene = {
    row,
    hosts,
    folder,
    identity: stage.identity,
    sshConfig: join(folder, 'ssh_config'),
    knownHosts: join(folder, 'known_hosts'),
  }
  const known = hosts.map(({ address, port, hostKey }) =>
    port === 22 ? `${address} ${hostKey}\n` : `[${address}]:${port} ${hostKey}\n`,
  )
  await writeFile(scene.knownHosts, known.join(''))
  const each = hosts.map(({ name, address, port }) => `Host ${name}\n  HostName ${address}\n  Port ${port}\n`)
  const all = `Host *\n  User root\n  IdentityFile ${stage.identity}\n  UserKnownHostsFile ${scene.knownHosts}\n`
  await writeFile(scene.sshConfig, `${each.join('')}${all}  StrictHostKeyChecking yes\n  BatchMode yes\n`)
  return scene
}

/** Plays a row: what every tool finds is made the same, then rounds are measured tool after tool. */
async function play(
  row: Row,
  stage: Stage,
  base: string,
  all: readonly Tool[],
  rounds: number,
): Promise<Measured[]> {
  say(`\n${row.title}: ${row.hosts} hosts`)
  const machines = stage.machines.slice(0, row.id === 'many' ? Math.ceil(row.hosts / PORTS) : row.hosts)
  const near = endpoints(machines, row.hosts)
  const proxies =
    row.far === true ? await Promise.all(near.map(each => delayed(each.address, each.port, FAR))) : []
  const hosts = near.map((each, index) => {
    const port = proxies[index]?.port
    return port === undefined ? each : { ...each, address: '127.0.0.1', port }
  })
  const scene = await sceneOf(row, stage, base, hosts)
  const tools = all.filter(
    tool =>
      row.families?.includes(tool.family) !== false &&
      tool.rows?.includes(row.id) !== false &&
      tool.line(scene, '0') !== undefined,
  )
  await writePlainFiles(scene.folder, '0')
  for (const tool of new Set([fleet, ...tools])) await tool.prepare(scene)
  const measured: Measured[] = []
  try {
    if (row.work === 'apply') await converge(scene, tools)
    // Once unmeasured: what is checked or compiled only after a file has changed, ours and Python's.
    else await runAll(tools.map(tool => tool.line(scene, '0')))
    const long = new Set<string>()
    for (let round = 1; round <= rounds; round++) {
      for (const tool of tools.filter(({ name }) => !long.has(name))) {
        const label = row.changes === true ? `${round}-${tool.name.replaceAll(/[^a-z]+/gi, '-')}` : '0'
        if (row.changes === true) await writePlainFiles(scene.folder, label)
        const line = tool.line(scene, label)
        if (line === undefined) continue
        const { output, ...run } = await measure(line)
        const wrong = run.exitCode === 0 ? tool.wrong(scene, output) : `exit code ${run.exitCode}`
        say(
          `  ${tool.name.padEnd(22)} ${run.wall.toFixed(2)} s, CPU ${run.cpu.toFixed(2)} s, ${Math.round(run.memory)} MB${wrong === undefined ? '' : `  WRONG: ${wrong}\n${output.slice(-1500)}`}`,
        )
        measured.push({
          row: row.id,
          tool: tool.name,
          family: tool.family,
          round,
          ...run,
          ...(wrong === undefined ? {} : { wrong }),
        })
        if (run.wall > LONG) long.add(tool.name)
      }
    }
  } finally {
    for (const proxy of proxies) await proxy[Symbol.asyncDispose]()
  }
  return measured
}

/** Not measured: our own apply makes all there is, then those that write jobs of cron in a form of their own. */
async function converge(scene: Scene, tools: readonly Tool[]): Promise<void> {
  const first = fleet.line(scene, '0')
  const lines = [first, ...new Map(tools.map(tool => [tool.family, tool.converge?.(scene)])).values()]
  await runAll(lines)
}

async function runAll(lines: readonly (Line | undefined)[]): Promise<void> {
  for (const line of lines) {
    if (line === undefined) continue
    const { exitCode, output } = await measure(line)
    if (exitCode !== 0) throw new Error(`${line.argv.join(' ')}:\n${output.slice(-3000)}`)
  }
}
