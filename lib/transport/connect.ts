import type { Connect } from './transport.ts'

/**
 * Opens the transport that fits the target; today always SSH through node-ssh. Importing this loads neither node-ssh nor
 * ssh2: the first connection does.
 */
export const connect: Connect = async (target, options) => {
  const { connectSsh } = await import('./ssh.ts')
  return connectSsh(target, options)
}
