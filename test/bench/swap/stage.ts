import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { haproxy } from '../../../lib/proxy/haproxy.ts'
import { resolveRelease, type Release } from '../../../lib/release/release.ts'
import type { Slot } from '../../../lib/swap/slot.ts'
import { booted, type Machine } from '../../e2e/machine.ts'
import { doorOf, startFront } from '../../e2e/swap-front.ts'
import { NAME, SwapLab } from '../../e2e/swap-lab.ts'

export const VERSIONS = ['v1', 'v2'] as const

/** Runs a script on a machine; throws where it fails. */
export async function must(machine: Machine, script: string, stdin?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await machine.sh(`set -eu\n${script}`, stdin)
  if (exitCode !== 0) throw new Error(`${machine.name}: ${stderr.toString()}${stdout.toString()}`)
  return stdout.toString().trim()
}

/** A proxy and two hosts with engines, for the bench alone; releases v1 and v2 of a service. */
export class Stage {
  readonly lab = new SwapLab(NAME, { image: 't-proxy-host' })

  get folder(): string {
    return this.lab.folder
  }

  get origin(): string {
    return `https://${this.lab.lb.address}`
  }

  async start(): Promise<void> {
    await this.lab.start()
    await booted(this.lab.lb)
    await startFront(this.lab, doorOf(this.lab))
    const service = new URL('service', import.meta.url).pathname
    for (const version of VERSIONS) {
      await mkdir(join(this.folder, version), { recursive: true })
      await cp(service, join(this.folder, version), { recursive: true })
      await writeFile(join(this.folder, version, 'VERSION'), `${version}\n`)
    }
  }

  stop = (): Promise<void> => this.lab.stop()

  /** The release of the n-th swap: they take turns. */
  release = (turn: number): Promise<Release> =>
    resolveRelease(undefined, `./${VERSIONS[turn % 2] ?? 'v1'}`, {
      signal: new AbortController().signal,
      cwd: this.folder,
    })

  /** The images of both releases, as the hosts know them. Both were swapped in before. */
  async images(): Promise<readonly string[]> {
    const [web1] = this.lab.web
    if (web1 === undefined) throw new Error('unreachable')
    return (await must(web1, `docker image ls --quiet fleetfile/${NAME} | sort -u`)).split('\n')
  }

  /** Takes all containers away and sends the proxy's traffic to one slot's port, whatever will listen there. */
  async clear(slot: Slot): Promise<void> {
    const other = slot === 'blue' ? 'green' : 'blue'
    for (const machine of this.lab.web)
      await must(machine, 'all=$(docker ps -aq); [ -z "$all" ] || docker rm -f $all >/dev/null')
    await haproxy(this.lab.lb.context, NAME).set(
      this.lab.web.flatMap(({ name }) => [
        { server: `${name}-${slot}`, admin: 'ready' as const },
        { server: `${name}-${other}`, admin: 'maint' as const },
      ]),
    )
  }
}
