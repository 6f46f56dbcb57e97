import { ConfigError } from '../errors.ts'

/** How every process of ours runs. */
const OPTIONS = {
  stdout: 'pipe',
  stderr: 'pipe',
  buffer: false,
  reject: false,
  encoding: 'buffer',
  // A session of its own: Ctrl-C at the terminal reaches us and not the connections.
  detached: true,
  // A keeper ends what outlives us.
  cleanup: false,
  // ssh runs LocalCommand and ProxyCommand through it, and a service's login may have one that runs nothing.
  env: { SHELL: '/bin/sh' },
} as const

/** Starts the OpenSSH client, without stdin. In an object, since the process itself is a promise of its end. */
export async function startSsh(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { execa } = await import('execa')
  return { child: execa('ssh', args, { ...OPTIONS, stdin: 'ignore', env: { ...OPTIONS.env, ...env } }) }
}

/** Starts a program that reads from us. */
export async function startPiped(program: 'ssh' | 'sh', args: readonly string[]) {
  const { execa } = await import('execa')
  return { child: execa(program, args, { ...OPTIONS, stdin: 'pipe' }) }
}

export type SshProcess = Awaited<ReturnType<typeof startSsh>>['child']
export type PipedProcess = Awaited<ReturnType<typeof startPiped>>['child']

/** Runs the OpenSSH client for its exit code alone. */
export async function runSsh(args: readonly string[]): Promise<number | undefined> {
  const { child } = await startSsh(args)
  child.stdout.resume()
  child.stderr.resume()
  return (await child).exitCode
}

/** There is no OpenSSH on this machine. */
export const sshMissing = (host: string): ConfigError =>
  new ConfigError('this host is reached through the OpenSSH client, and there is no `ssh` on this machine', {
    host,
    hint: 'sudo apt-get install openssh-client',
  })
