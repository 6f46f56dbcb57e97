import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { inspectEngine } from '../../lib/providers/lab/engine.ts'
import { repository } from '../support/cli.ts'
import { folder } from '../support/folder.ts'

const engine = await inspectEngine()

/** Whether a lab can be made here, and the command is built that drives it. */
export const canRun = engine.ready && existsSync(join(repository, 'dist/bin/main.js'))

/** A fleet's project in a folder of its own, with a lab of its own, driven as by an operator. `lab down` at the end. */
export function project(name: string, files: Readonly<Record<string, string>>) {
  const lab = `t-${name}-${process.pid}`
  const cwd = folder(files)
  const machine = (host: string): string => `fleet-${lab}-${host}`
  return {
    lab,
    cwd,
    /** The container that is a host. */
    machine,
    /** The built command, as an operator runs it in the folder of the fleet. */
    fleet: (line: string) =>
      execa(process.execPath, [join(repository, 'bin/fleet.js'), ...line.split(' ')], {
        cwd,
        reject: false,
        all: true,
        stdin: 'ignore',
        env: { HOME: cwd, XDG_STATE_HOME: '', XDG_CACHE_HOME: '', FLEET_LAB: lab, CI: 'true' },
      }),
    /** What a script on a host prints, whatever becomes of the network. Rejects where the script fails. */
    inside: async (host: string, script: string): Promise<string> =>
      (await execa('docker', ['exec', machine(host), 'sh', '-c', script])).stdout,
  }
}
