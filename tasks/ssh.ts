import { z } from 'zod'
import { ConfigError, ConnectError, defineTask, UsageError } from '../lib/index.ts'
import { commandLine } from '../lib/exec/command-line.ts'
import { login } from '../lib/transport/endpoint.ts'
import { withSession } from '../lib/transport/session.ts'

/** What OpenSSH ends with when the failure is its own, and hardly any command does. */
const NO_CONNECTION = 255

export default defineTask({
  name: 'ssh',
  summary: 'Open a shell on a host, or run one command there',
  description:
    "OpenSSH, with the fleet's login, keys, jumps and pinned host keys, as every other task connects: of ~/.ssh/config " +
    'it takes addresses, identities, certificates, the agent, ProxyJump and ProxyCommand, and nothing else. Ends with ' +
    'the exit code of the shell or the command.',
  params: z.strictObject({
    host: z.string().meta({ description: 'the host', names: 'host' }),
    command: z.array(z.string()).default([]).describe('a command instead of a shell, or one shell line'),
  }),
  args: ['host', 'command'],
  hosts: (_, { host }) => [host],
  examples: ['fleet ssh web1', 'fleet ssh web1 -- htop', "fleet ssh db1 -- 'sudo -u postgres psql'"],
  async run(ctx, { host: name, command }) {
    const { isTerminal } = ctx.console
    const line = commandLine(command)
    if (command.length === 0 && !isTerminal) {
      throw new UsageError('there is no terminal for a shell here', {
        hint: `fleet ssh ${name} -- uptime`,
      })
    }
    const [host] = ctx.hosts
    if (host === undefined) {
      throw new UsageError(`--on leaves ${name} out`, { hint: `fleet ssh ${name}` })
    }
    if (ctx.planOnly) {
      ctx.note(`would log in as ${login(host.target)}${line === '' ? '' : `, for: ${line}`}`, host)
      return
    }
    const exitCode = await withSession(host.target, `${ctx.paths.cache}/ssh`, args =>
      ctx.console
        .run('ssh', [...(isTerminal ? ['-t'] : []), ...args, ...(line === '' ? [] : ['--', line])])
        .catch((cause: unknown) => {
          throw new ConfigError('ssh cannot be started', {
            hint: 'sudo apt-get install openssh-client',
            cause,
          })
        }),
    )
    if (exitCode === NO_CONNECTION) {
      throw new ConnectError('ssh had no connection, or lost it; its own words are above', {
        host: host.name,
        hint: `fleet status --on ${host.name}`,
      })
    }
    return { exitCode, data: { host: host.name, exitCode } }
  },
})
