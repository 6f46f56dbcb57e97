import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunTask } from '../../../bin/cli.ts'
import { ConnectError } from '../../../lib/errors.ts'
import { runTask } from '../../../lib/task/run.ts'
import { cli, type CliResult } from '../../support/cli.ts'
import type { SwapLab } from '../swap-lab.ts'

/** The lab as a fleet file says it, with releases in folders beside it. */
export async function declare({ folder, name, service, machines }: SwapLab): Promise<void> {
  const hosts = Object.fromEntries(
    machines.map(({ host }) => [host.name, { role: host.role, address: host.address }]),
  )
  const fleet = {
    name: 'faults',
    provider: 'static',
    access: { user: 'root' },
    roles: { lb: {}, web: {} },
    hosts,
    services: { [name]: { ...service, source: '..', env: { GREETING: 'resumed' } } },
  }
  await mkdir(join(folder, 'inventory'), { recursive: true })
  await writeFile(
    join(folder, 'inventory/faults.ts'),
    `import { defineFleet } from 'fleetfile'\nexport default defineFleet(${JSON.stringify(fleet)})\n`,
  )
}

/** Runs one line of the real command on the lab. */
export function operate(
  lab: SwapLab,
  line: string,
  onPhase: (title: string) => void = () => {},
): Promise<CliResult> {
  const run: RunTask = (task, params, environment) =>
    runTask(
      task,
      params,
      {
        ...environment,
        emit: event => {
          if (event.type === 'phase') onPhase(event.title)
          environment.emit(event)
        },
      },
      async ({ name }) => {
        const machine = lab.machines.find(each => each.name === name)
        if (machine === undefined) throw new ConnectError('connection refused', { host: name })
        return machine.transport
      },
    )
  return cli([...line.split(' '), '--fleet', 'inventory/faults.ts'], {
    cwd: lab.folder,
    runTask: run,
    // The fleet file is checked by the compiler once for all of them.
    env: { XDG_CACHE_HOME: join(lab.folder, 'cache') },
  })
}
