import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'

const shim = new URL('../../bin/fleet.js', import.meta.url).pathname

/** How a command of the real program ended. */
export interface Ran {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** The events of `--json`. */
  readonly events: readonly Record<string, unknown>[]
  /** What the task gave back. */
  readonly data: unknown
}

function parseLine(line: string): Record<string, unknown>[] {
  try {
    return [JSON.parse(line)]
  } catch {
    return []
  }
}

/** A lab of a test's own, driven by the real program as an operator would. `down` it at the end. */
export class LabFleet {
  readonly name: string
  readonly state: string
  readonly directory: string
  readonly #env: Record<string, string>

  private constructor(name: string, state: string) {
    this.name = name
    this.state = state
    this.directory = join(state, 'fleetfile/labs', name)
    this.#env = { FLEET_LAB: name, XDG_STATE_HOME: state, CI: 'true' }
  }

  static async open(prefix: string): Promise<LabFleet> {
    return new LabFleet(`${prefix}-${process.pid}`, await mkdtemp(join(tmpdir(), 'fleet-e2e-')))
  }

  /** `fleet ...args --json`. */
  async run(...args: readonly string[]): Promise<Ran> {
    const {
      exitCode = -1,
      stdout,
      stderr,
    } = await execa(process.execPath, [shim, ...args, '--json'], {
      env: this.#env,
      reject: false,
      stdin: 'ignore',
    })
    const events = stdout.split('\n').flatMap(parseLine)
    return { exitCode, stdout, stderr, events, data: events.findLast(({ type }) => type === 'result')?.data }
  }

  /** The same as text, without `--json`. */
  async text(...args: readonly string[]): Promise<Ran> {
    const {
      exitCode = -1,
      stdout,
      stderr,
    } = await execa(process.execPath, [shim, ...args], {
      env: this.#env,
      reject: false,
      stdin: 'ignore',
    })
    return { exitCode, stdout, stderr, events: [], data: undefined }
  }

  /** Runs a command inside a machine, past SSH: what happens to servers in life. */
  async inside(host: string, ...command: readonly string[]): Promise<{ exitCode: number; stdout: string }> {
    const { exitCode = -1, stdout } = await execa(
      'docker',
      ['exec', `fleet-${this.name}-${host}`, ...command],
      {
        reject: false,
      },
    )
    return { exitCode, stdout }
  }

  async address(host: string): Promise<string> {
    const lab: { hosts: { name: string; address: string }[] } = JSON.parse(
      await readFile(join(this.directory, 'lab.json'), 'utf8'),
    )
    const found = lab.hosts.find(({ name }) => name === host)
    if (found === undefined) throw new Error(`no ${host} in the lab`)
    return found.address
  }

  /** The certificate to trust at the front door. */
  ca = (): Promise<string> => readFile(join(this.directory, 'certificates/ca.pem'), 'utf8')

  async down(): Promise<void> {
    await this.run('lab', 'down')
    await rm(this.state, { recursive: true, force: true })
  }
}

/** Resources changed by a run, over all hosts. */
export const changedBy = ({ events }: Ran): number =>
  events.reduce(
    (sum, event) =>
      sum + (event.type === 'host-ended' && typeof event.changed === 'number' ? event.changed : 0),
    0,
  )
