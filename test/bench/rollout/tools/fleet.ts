import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { COMMAND, type Scene, type Tool } from '../tool.ts'
import { CRON, PACKAGES, PLAIN, TEMPLATES, UNITS, USERS } from '../workload.ts'

const root = join(import.meta.dirname, '../../../..')

const fleetFile = ({ hosts, identity }: Scene): string => `
import { defineFleet } from 'fleetfile'

export default defineFleet({
  name: 'bench',
  access: { user: 'root', identityFile: ${JSON.stringify(identity)} },
  roles: { all: {} },
  hosts: {
${hosts
  .map(
    ({ name, address, port, hostKey }) =>
      `    ${name}: { role: 'all', address: '${address}', port: ${port}, hostKeys: ['${hostKey}'] },`,
  )
  .join('\n')}
  },
  services: {},
})
`

const TASK = `
import { readFileSync } from 'node:fs'
import { cron, defineTask, file, packages, unit, user } from 'fleetfile'
import { z } from 'zod'

const count = (to: number): readonly number[] => Array.from({ length: to }, (_, index) => index + 1)
const settings = count(40).map(line => \`setting_\${line - 1} = value of setting \${line - 1}\\n\`).join('')
const page = (number: number, round: string): string => \`# file \${number}, round \${round}\\n\${settings}\`

export default defineTask({
  name: 'setup',
  summary: 'Fifty resources',
  params: z.strictObject({ round: z.string() }),
  hosts: 'all',
  async run(ctx, { round }) {
    await ctx.apply([
      packages(${JSON.stringify(PACKAGES)}),
      ...count(${PLAIN}).map(n => file({ path: \`/etc/bench/file-\${n}.conf\`, content: readFileSync(\`files/file-\${n}.conf\`, 'utf8') })),
      ...count(${TEMPLATES}).map(n => n + ${PLAIN}).map(n => file({ path: \`/etc/bench/file-\${n}.conf\`, content: page(n, round) })),
      ...count(${USERS}).map(n => user({ name: \`app\${n}\`, shell: '/bin/bash' })),
      ...count(${UNITS}).map(n => unit({ name: \`bench\${n}.service\`, enabled: true, active: true })),
      ...count(${CRON}).map(n => cron({ name: \`bench\${n}\`, schedule: \`5 \${n} * * *\`, user: 'root', command: \`/bin/true \${n}\` })),
    ])
  },
})
`

/** This program, as it is built in dist: a fleet file and a task of the user's own. */
export const fleet: Tool = {
  name: 'fleet',
  family: 'fleet',
  install: [],
  async version() {
    const text = await readFile(join(root, 'package.json'), 'utf8')
    return z.object({ version: z.string() }).parse(JSON.parse(text)).version
  },
  async prepare(scene) {
    const { folder } = scene
    await mkdir(join(folder, 'inventory'), { recursive: true })
    await mkdir(join(folder, 'tasks'), { recursive: true })
    await writeFile(join(folder, 'inventory/bench.ts'), fleetFile(scene))
    await writeFile(join(folder, 'tasks/setup.ts'), TASK)
  },
  line({ row, hosts, folder }, round) {
    const program = [process.execPath, join(root, 'bin/fleet.js')]
    const all = ['--concurrency', String(hosts.length)]
    return {
      argv:
        row.work === 'apply'
          ? [...program, 'setup', ...all, '--round', round]
          : [...program, 'exec', ...all, '--', COMMAND],
      cwd: folder,
      env: { XDG_STATE_HOME: join(folder, 'state') },
    }
  },
  wrong({ row, hosts }, output) {
    if (row.work === 'command')
      return hosts.every(({ name }) => !output.includes(`${name}: unreachable`))
        ? undefined
        : 'hosts were not reached'
    const wanted = `${hosts.length} ${row.changes === true ? 'changed' : 'unchanged'}`
    return output.includes(`: ${wanted}`) ? undefined : `not "${wanted}"`
  },
}
