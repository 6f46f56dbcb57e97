import type { Duplex } from 'node:stream'
import { ConfigError, ConnectError, messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { TaskContext } from '../task/context.ts'
import type { UserStore } from './store.ts'

const PORT = 5432

/** Loopback first; a database that listens on the fleet's own network only is asked there. */
async function tunnel(ctx: TaskContext, host: FleetHost): Promise<Duplex> {
  const transport = await ctx.on(host).transport()
  const reasons: string[] = []
  for (const address of new Set(['127.0.0.1', host.address])) {
    try {
      return await transport.forward(address, PORT)
    } catch (error) {
      ctx.signal.throwIfAborted()
      reasons.push(`${address}:${PORT}: ${messageOf(error)}`)
    }
  }
  throw new ConnectError(`PostgreSQL does not answer: ${reasons.join('; ')}`, {
    host: host.name,
    hint: `fleet status --on ${host.name}`,
  })
}

/** The store that the fleet file names in `users`, reached through the SSH connection to its host. */
export async function openUserStore(ctx: TaskContext): Promise<UserStore> {
  const config = ctx.fleet.users
  if (config === undefined) {
    throw new ConfigError(`fleet "${ctx.fleet.name}" does not say where its users are kept`, {
      hint: `add users: { kind: 'postgres', host, database, user, password } to the fleet file`,
    })
  }
  const host = ctx.allHosts.find(({ name }) => name === config.host)
  if (host === undefined) throw new ConfigError(`users.host: the fleet has no host "${config.host}"`)
  const password = await ctx.secret(config.password)
  const { openPostgres } = await import('./postgres.ts')
  const stream = await tunnel(ctx, host)
  return openPostgres({
    host: host.name,
    database: config.database,
    user: config.user,
    password,
    tunnel: stream,
  })
}
