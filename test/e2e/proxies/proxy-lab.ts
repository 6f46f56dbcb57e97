import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { ensureCertificate, type Certificate } from '../../../lib/proxy/certificate.ts'
import { proxyOf } from '../../../lib/proxy/proxy-of.ts'
import type { ProxyKind } from '../../../lib/fleet/front-door-model.ts'
import type { Resource } from '../../../lib/resource/resource.ts'
import type { ProxiedService } from '../../../lib/provision/container-hosts.ts'
import { frontDoorResources } from '../../../lib/proxy/front-door-resources.ts'
import type { Proxy } from '../../../lib/proxy/proxy.ts'
import type { HostContext } from '../../../lib/rollout/rollout-context.ts'
import { sh } from '../../../lib/shell/sh.ts'
import { bodies } from '../../../templates/index.ts'
import { converge } from '../converge.ts'
import { Machine, booted, docker } from '../machine.ts'
import { MachineLogin } from '../machine-login.ts'

/** One more lab beside another's, as `fleet lab up` has it. */
const PREFIX = `t-proxies${process.env.FLEET_LAB === undefined ? '' : `-${process.env.FLEET_LAB}`}`

const SERVICES = { web: ['app.swap.test', 8001], api: ['api.swap.test', 8003] } as const
export type ServiceName = keyof typeof SERVICES

/** A proxy's machine, with systemd as on a VPS, and two small ones with both slots of two services each. */
export class ProxyLab {
  readonly lb = new Machine('lb', { prefix: PREFIX, image: 't-proxy-host' })
  readonly backends = ['web1', 'web2'].map(
    name => new Machine(name, { prefix: PREFIX, image: 't-proxy-host' }),
  )
  #certificate: Certificate | undefined

  get certificate(): Certificate {
    if (this.#certificate === undefined) throw new Error('the lab is not started')
    return this.#certificate
  }

  async start(): Promise<void> {
    await this.stop()
    await docker('network', 'create', PREFIX)
    const program = await readFile(new URL('backend.py', import.meta.url), 'utf8')
    const network = ['--network', PREFIX]
    const login = await MachineLogin.in(await mkdtemp(join(tmpdir(), 't-proxies-')))
    for (const machine of this.#machines) machine.login = login
    await Promise.all([
      this.lb.start('exec /usr/local/lib/fleetlab/init', ...network),
      ...this.backends.map(async machine => {
        await machine.start('exec sleep infinity', ...network)
        await machine.sh('cat >/backend.py', program)
        await docker(
          'exec',
          '--detach',
          machine.container,
          ...`python3 /backend.py ${machine.name} 8001 8002 8003 8004`.split(' '),
        )
      }),
    ])
    this.#certificate = await ensureCertificate({
      folder: await mkdtemp(join(tmpdir(), 't-proxies-')),
      names: Object.values(SERVICES).map(([name]) => name),
      now: new Date(),
      signal: new AbortController().signal,
    })
    await this.booted()
  }

  get #machines(): Machine[] {
    return [this.lb, ...this.backends]
  }

  async stop(): Promise<void> {
    await Promise.all(this.#machines.map(machine => machine.hangUp()))
    await execa('docker', ['rm', '-f', '-v', ...this.#machines.map(({ container }) => container)], {
      reject: false,
    })
    await execa('docker', ['network', 'rm', PREFIX], { reject: false })
  }

  booted(): Promise<void> {
    return booted(this.lb)
  }

  get services(): readonly ProxiedService[] {
    return Object.entries(SERVICES).map(([name, [host, port]]) => ({
      name,
      names: [host],
      health: '/up',
      servers: this.backends.flatMap(({ name: backend, address }) => [
        { name: `${backend}-blue`, address, port },
        { name: `${backend}-green`, address, port: port + 1 },
      ]),
    }))
  }

  /** What `fleet deploy` brings to a proxy's host; with `broken`, its configuration is none. */
  resources(kind: ProxyKind, broken = ''): readonly Resource[] {
    const text = Object.fromEntries(
      Object.entries(bodies).map(([name, body]) => [
        name,
        (values: never) =>
          /^(haproxy|nginx|trafficServer)/.test(name) ? `${body(values)}${broken}` : body(values),
      ]),
    )
    const services =
      kind === 'trafficserver'
        ? this.services.map(service => ({ ...service, cache: { keep: ['/static/'] } }))
        : this.services
    return frontDoorResources(kind, services, this.certificate.bundle, { ...bodies, ...text })
  }

  converge(resources: readonly Resource[]): Promise<readonly string[]> {
    return converge(this.lb, resources)
  }

  proxy(kind: ProxyKind, service: ServiceName = 'web', context: HostContext = this.lb.context): Proxy {
    return proxyOf(context, service, { proxy: { role: 'lb', kind, names: [SERVICES[service][0]] } })
  }

  /** The same, whose commands are killed after some time, as by a host that loses its power. */
  cutOff(kind: ProxyKind, seconds: number): Proxy {
    const { context } = this.lb
    const cut: HostContext = {
      ...context,
      run: command => context.run(sh`exec timeout -s KILL ${seconds} sh -c ${command.text}`),
    }
    return this.proxy(kind, 'web', cut)
  }
}
