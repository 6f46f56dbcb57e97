import type { FleetHost } from '../../../lib/fleet/resolved.ts'
import { LIMITS, type ContainerTarget, type Opened, type Swap } from '../../../lib/swap/swap-target.ts'
import { containerSlots } from '../../../lib/swap/container-slots.ts'
import { eachHost } from '../../../lib/task/each.ts'

export interface FakeSwap extends Swap<ContainerTarget> {
  readonly warnings: string[]
  readonly notes: string[]
}

const refuse = () => Promise.reject(new Error('not used'))

/** A swap whose hosts answer every command with the same text, or fail. */
export function fakeSwap(answers: Readonly<Record<string, string | Error>>): FakeSwap {
  const { signal } = new AbortController()
  const warnings: string[] = []
  const notes: string[] = []
  const hosts = Object.keys(answers).map((name): FleetHost => {
    const target = { name, address: '192.0.2.1', port: 22, user: 'root', hostKeys: [] }
    return { name, role: 'web', address: target.address, firstUser: 'root', target }
  })
  const answer = async (name: string) => {
    const text = answers[name] ?? ''
    if (text instanceof Error) throw text
    return { exitCode: 0, stdout: Buffer.from(text), stderr: Buffer.alloc(0) }
  }
  const opened: Opened<ContainerTarget> = {
    limits: LIMITS,
    proxies: [],
    names: () => hosts.map(({ name }) => name),
    read: refuse,
    target: {
      name: 'web',
      hosts,
      proxies: [],
      service: {
        kind: 'container',
        role: 'web',
        port: 8000,
        slots: { blue: 8001, green: 8002 },
        health: '/up',
        proxy: { role: 'lb', names: ['app.test'] },
      },
    },
    ctx: {
      on: host => ({
        host,
        read: () => answer(host.name),
        run: () => answer(host.name),
        transport: refuse,
        touch: refuse,
      }),
      each: (some, work) => eachHost(some, work, { concurrency: 10, signal }),
      apply: refuse,
      phase: () => undefined,
      note: text => void notes.push(text),
      warn: (text, host) => void warnings.push(host === undefined ? text : `${host.name}: ${text}`),
      emit: () => undefined,
      signal,
      planOnly: false,
      runId: 'run',
      owner: 'test@here',
      wait: 0,
      abandon: () => undefined,
      paths: { cwd: '/', fleet: '/', state: '/', cache: '/', home: '/' },
    },
  }
  return { ...opened, slots: containerSlots(opened), warnings, notes }
}
