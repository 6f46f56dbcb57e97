import { CommandError, messageOf } from '../errors.ts'
import type { HostContext } from '../rollout/rollout-context.ts'
import type { Command } from '../shell/sh.ts'
import { parseLook } from './look-state.ts'
import { refuseStopped } from './noted-flip.ts'
import {
  checkSlots,
  type AdminChange,
  type Admission,
  type AdmissionChange,
  type NotedFlip,
  type Proxy,
} from './proxy.ts'

/** What is run on the host of a proxy that is told by files. */
export interface ProxyCommands {
  /** Its output is read by `parseLook`. */
  readonly look: Command
  /** `changes` has one line for each slot: its name, what it is told, and its health path where that is told as well. */
  set(changes: string, flip?: NotedFlip): Command
  /** Its output is read by `parseAdmission`. */
  readonly admission: Command
  /** Prints `changed` where anything was otherwise before. */
  admit(change: AdmissionChange): Command
}

/** Reads the proxy's clock in milliseconds, when a hold ends, and `on` in maintenance: a line each. */
export function parseAdmission(output: string): Admission {
  const [clock, until, maintenance] = output.split('\n')
  return {
    maintenance: maintenance === 'on',
    heldMilliseconds: Math.max(0, Number(until) - Number(clock) || 0),
  }
}

/** One line for each slot and what it is told: `web1-blue drain /up`. */
const lines = (changes: readonly AdminChange[]): string =>
  changes.map(({ server, admin, health = '' }) => `${server} ${admin} ${health}`.trim()).join('\n')

/** A proxy of a service on one host, by commands that print what it says itself. */
export function toldProxy(host: HostContext, service: string, commands: ProxyCommands): Proxy {
  const name = host.host.name
  const told = async (send: HostContext['run'], command: Command): Promise<string> => {
    try {
      return (await send(command, { root: true })).stdout.toString('utf8')
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      const message = messageOf(error).replace(`${name}: `, '')
      throw new CommandError(message, { host: name, hint: 'fleet provision', cause: error })
    }
  }
  return {
    host: name,
    read: async () => parseLook(await told(host.read.bind(host), commands.look)),
    set: async (changes, flip) => {
      if (changes.length === 0) return 0
      checkSlots(changes, name)
      const output = await told(host.run.bind(host), commands.set(lines(changes), flip))
      refuseStopped(output, service, flip)
      const [, took = '0'] = /^took (\d+)$/m.exec(output) ?? []
      return Number(took) / 1e6
    },
    admission: async () => parseAdmission(await told(host.read.bind(host), commands.admission)),
    admit: async change => (await told(host.run.bind(host), commands.admit(change))).includes('changed'),
  }
}
