import { CommandError, messageOf } from '../errors.ts'
import { checkSlots, type AdminChange, type Proxy } from './proxy.ts'
import type { HostContext } from '../rollout/rollout-context.ts'
import type { Command } from '../shell/sh.ts'
import { admissionCommand, admitCommand, parseAdmission } from './nginx-admission.ts'
import { setCommand } from './nginx-layout.ts'
import { refuseStopped } from './noted-flip.ts'
import { lookCommand } from './nginx-look.ts'
import { parseLook } from './nginx-state.ts'

/** One line for each slot and what it is told: `web1-blue drain /up`. */
const lines = (changes: readonly AdminChange[]): string =>
  changes.map(({ server, admin, health = '' }) => `${server} ${admin} ${health}`.trim()).join('\n')

/** nginx on one host. What serves is what it says itself; a flip between whole slots needs no reload. */
export function nginx(host: HostContext, service: string): Proxy {
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
    read: async () => parseLook(await told(host.read.bind(host), lookCommand(service))),
    set: async (changes, flip) => {
      if (changes.length === 0) return 0
      checkSlots(changes, name)
      const output = await told(host.run.bind(host), setCommand(service, lines(changes), flip))
      refuseStopped(output, service, flip)
      const [, took = '0'] = /^took (\d+)$/m.exec(output) ?? []
      return Number(took) / 1e6
    },
    admission: async () => parseAdmission(await told(host.read.bind(host), admissionCommand(service))),
    admit: async change =>
      (await told(host.run.bind(host), admitCommand(service, change))).includes('changed'),
  }
}
