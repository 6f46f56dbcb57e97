import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { RunTask } from '../../bin/cli.ts'
import { ConnectError } from '../../lib/errors.ts'
import type { TaskContext } from '../../lib/task/context.ts'
import { defineTask } from '../../lib/task/define.ts'
import { runTask } from '../../lib/task/run.ts'
import { tasks } from '../../tasks/index.ts'
import { cli, type CliOptions, type CliResult } from './cli.ts'
import { folder } from './folder.ts'
import { journalHeader } from './journal.ts'
import { RunHost } from './run-folders.ts'
import { entriesOf } from './tasks.ts'

const FLEET = `
import { defineFleet } from 'fleetfile'

export default defineFleet({
  name: 'shop',
  access: { user: 'deploy' },
  roles: { lb: {}, web: {}, sync: {} },
  hosts: {
    web1: { role: 'web', address: '192.0.2.1' },
    web2: { role: 'web', address: '192.0.2.2' },
    web3: { role: 'web', address: '192.0.2.3' },
  },
  services: {
    app: {
      kind: 'container', role: 'web', source: '../app', port: 8000, slots: { blue: 8001, green: 8002 }, health: '/up',
      proxy: { role: 'lb', names: ['app.test'] },
    },
  },
})
`

/** One for all: a fleet file is checked by the compiler once. */
const cwd = folder({ 'inventory/shop.ts': FLEET })

const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** The first line of a journal of three steps that this boot wrote. */
export const liveHeader = journalHeader(undefined, { boot })

/** What the `work` task of this fleet was called with. */
export interface Worked {
  readonly runId: string
  readonly hosts: readonly string[]
  readonly params: unknown
  readonly pins: Readonly<Record<string, string>>
  readonly message: string | undefined
}

/** Three hosts whose runs lie in folders of this machine, one task to go on with, and the real command over them. */
export class RunFleet {
  readonly web1 = new RunHost('web1')
  readonly web2 = new RunHost('web2')
  readonly web3 = new RunHost('web3')
  readonly worked: Worked[] = []
  /** Hosts that cannot be reached. */
  readonly down = new Set<string>()
  /** What the task does. */
  work: (ctx: TaskContext) => Promise<void> = async () => undefined

  /** Runs `fleet ...argv` with the built-in tasks and `work`. */
  run(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    const work = defineTask({
      name: 'work',
      summary: 'Do work',
      params: z.strictObject({ speed: z.int().default(1), service: z.string().default('none') }),
      hosts: 'all',
      run: async (ctx, params) => {
        const { runId, record, message } = ctx
        this.worked.push({ runId, params, pins: record.pins, hosts: record.hosts, message })
        await this.work(ctx)
      },
    })
    const hosts = [this.web1, this.web2, this.web3]
    const run: RunTask = (task, params, environment) =>
      runTask(task, params, environment, async ({ name }) => {
        const found = hosts.find(host => host.name === name)
        if (found === undefined || this.down.has(name)) {
          throw new ConnectError('connection refused', { host: name })
        }
        return found.transport
      })
    return cli(argv, { cwd, runTask: run, tasks: [...tasks, ...entriesOf(work)], ...options })
  }

  /** The data of `--json`. */
  async data(
    argv: readonly string[],
    options: CliOptions = {},
  ): Promise<{ exitCode: number; data: unknown }> {
    const { stdout, exitCode } = await this.run([...argv, '--json'], options)
    const events = stdout
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line))
    return { exitCode, data: events.find(({ type }) => type === 'result')?.data }
  }
}
