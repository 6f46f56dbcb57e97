import { join } from 'node:path'
import { mkdirSync, writeFileSync } from 'node:fs'
import { execa } from 'execa'
import type { Target } from '../../lib/transport/transport.ts'
import { repository } from './cli.ts'
import { containerSsh, operatorKey } from './container-ssh.ts'
import type { DockerTransport } from './docker-transport.ts'
import { folder } from './folder.ts'
import { labContainer, type LabContainer } from './lab-container.ts'

/** What of the fleet file is a test's own, as TypeScript. */
export interface Declared {
  readonly user?: string
  readonly transport?: 'ssh' | 'openssh'
  readonly secrets?: readonly string[]
}

interface Machine {
  readonly container: LabContainer
  readonly host: DockerTransport
  readonly target: Target
}

/**
 * Machines of the lab's image that nobody provisioned, with their own sshd, and a fleet of role `web` that the built
 * command works on as an operator would: in a folder with the project's files.
 */
export class StaticFleet {
  /** The operator's project and home. */
  readonly cwd: string
  readonly #key = operatorKey()
  readonly #containers: ReadonlyMap<string, LabContainer>
  readonly #machines = new Map<string, Machine>()

  private constructor(
    containers: ReadonlyMap<string, LabContainer>,
    files: Readonly<Record<string, string>>,
  ) {
    this.#containers = containers
    this.cwd = folder(files)
  }

  /** Undefined where there is no Docker or the image was never built. */
  static of(
    prefix: string,
    names: readonly string[],
    files: Readonly<Record<string, string>> = {},
  ): StaticFleet | undefined {
    const containers = new Map<string, LabContainer>()
    for (const name of names) {
      const container = labContainer(`${prefix}-${process.pid}-${name}`)
      if (container === undefined) return undefined
      containers.set(name, container)
    }
    return new StaticFleet(containers, files)
  }

  async start(declared: Declared = {}): Promise<void> {
    for (const [name, container] of this.#containers) {
      const host = await container.start()
      this.#machines.set(name, { container, host, target: { ...containerSsh(host, this.#key), name } })
    }
    this.declare(declared)
  }

  stop(): void {
    for (const container of this.#containers.values()) container.stop()
  }

  /** Writes the fleet file. */
  declare({ user = 'root', transport, secrets = [] }: Declared): void {
    const access = { user, identityFile: this.#key.identityFile, ...(transport && { transport }) }
    const hosts = [...this.#machines].map(([name, { target }]) => [
      name,
      { role: 'web', address: target.address, hostKeys: target.hostKeys },
    ])
    const fleet = {
      name: 'days',
      provider: 'static',
      access,
      roles: { web: {} },
      hosts: Object.fromEntries(hosts),
      services: {},
      secrets,
    }
    mkdirSync(join(this.cwd, 'inventory'), { recursive: true })
    writeFileSync(
      join(this.cwd, 'inventory/days.ts'),
      `import { defineFleet } from 'fleetfile'\nexport default defineFleet(${JSON.stringify(fleet)})\n`,
    )
  }

  /** How SSH reaches a machine. */
  target = (name: string): Target => this.#machine(name).target

  /** A machine, past SSH. */
  on = (name: string): DockerTransport => this.#machine(name).host

  /** The built command. */
  fleet = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    execa(process.execPath, [join(repository, 'bin/fleet.js'), ...args], {
      cwd: this.cwd,
      reject: false,
      all: true,
      stdin: 'ignore',
      env: { HOME: this.cwd, XDG_STATE_HOME: '', XDG_CACHE_HOME: '', CI: 'true', ...env },
    })

  #machine(name: string): Machine {
    const found = this.#machines.get(name)
    if (found === undefined) throw new Error(`no ${name}`)
    return found
  }
}
