import { CommandError, messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { quote } from '../shell/quote.ts'
import type { TaskContext } from '../task/context.ts'
import type { Transport } from '../transport/transport.ts'

const keysOf = (user: string): string =>
  `home=$(getent passwd ${quote(user)} | cut -d: -f6); keys=$home/.ssh/authorized_keys`

/** The keys that let `user` in now; undefined where there are none. */
async function currentKeys(transport: Transport, user: string): Promise<Buffer | undefined> {
  const { exitCode, stdout } = await transport.exec(`${keysOf(user)}; cat "$keys"`, { root: true })
  return exitCode === 0 ? stdout : undefined
}

/**
 * Changes the way in and proves it by a login of its own, while the old connection is still open: a pooled one proves
 * nothing. When the login fails, the old keys come back, so that nobody is locked out.
 */
export async function proveLogin(
  ctx: TaskContext,
  host: FleetHost,
  transport: Transport,
  change: () => Promise<unknown>,
): Promise<void> {
  const { user } = host.target
  const before = await currentKeys(transport, user)
  await change()
  try {
    const fresh = await ctx.connectFresh(host, user)
    await fresh.close()
  } catch (error) {
    if (before !== undefined) {
      const restore = `${keysOf(user)}; cat >"$keys.old" && chmod 0600 "$keys.old" && chown ${quote(user)}: "$keys.old" && mv -fT "$keys.old" "$keys"`
      await transport.exec(restore, { stdin: before, root: true })
    }
    throw new CommandError(`the new login does not work, so the old one stays: ${messageOf(error)}`, {
      host: host.name,
      hint: "name your key's .pub in access.authorizedKeys of the fleet file, or set access.identityFile",
      cause: error,
    })
  }
}
