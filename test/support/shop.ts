import type { RunTask } from '../../bin/cli.ts'
import { runTask } from '../../lib/task/run.ts'
import { folder } from './folder.ts'
import { cli, type CliOptions, type CliResult } from './cli.ts'

/** A fleet file of every kind of service, whose hosts stand at addresses that nobody has. */
export const SHOP = `
import { defineFleet } from 'fleetfile'

export default defineFleet({
  name: 'shop',
  access: { user: 'deploy', authorizedKeys: ['ssh-ed25519 AAAA ann'] },
  secrets: ['db'],
  roles: { lb: {}, web: {}, sync: {}, database: {} },
  hosts: {
    lb1: { role: 'lb', address: '203.0.113.1' },
    web1: { role: 'web', address: '203.0.113.2' },
    sync1: { role: 'sync', address: '203.0.113.3' },
    db1: { role: 'database', address: '203.0.113.4' },
  },
  services: {
    database: { kind: 'processes', role: 'database', source: '../app' },
    sync: { kind: 'processes', role: 'sync', source: '../app', programs: { worker: { command: 'true' } } },
    web: {
      kind: 'container',
      role: 'web',
      source: '../app',
      port: 8000,
      slots: { blue: 8001, green: 8002 },
      health: '/up',
      proxy: { role: 'lb', names: ['app.test'] },
    },
  },
  users: { kind: 'postgres', host: 'db1', database: 'app', user: 'app', password: 'db' },
  logs: { role: 'sync', directory: '/var/log/sync', format: 'tapiriik' },
})
`

/** A project folder with that fleet, or with another text of it. */
export const shopFolder = (text = SHOP): string =>
  folder({ 'inventory/shop.ts': text, 'app/v1/run.sh': 'echo 1\n', 'app/v2/run.sh': 'echo 2\n' })

const shop = shopFolder()

/** Runs `fleet` for real but for the network: any host that it reaches for is noted, and refuses. */
export async function fleet(
  argv: readonly string[],
  { cwd = shop, ...options }: CliOptions = {},
): Promise<CliResult & { readonly reached: readonly string[] }> {
  const reached: string[] = []
  const run: RunTask = (task, params, environment) =>
    runTask(task, params, environment, target => {
      reached.push(target.name)
      return Promise.reject(new Error(`${target.name}: reached for`))
    })
  return { ...(await cli(argv, { cwd, runTask: run, ...options })), reached }
}
