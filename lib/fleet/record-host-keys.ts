import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sh } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'
import { formatKnownHost, knownKeys, parseKnownHosts } from '../transport/known-hosts.ts'

/** Where the recorded host keys of a fleet lie, in OpenSSH's known_hosts format. */
export const recordedHostKeys = (state: string, fleet: string): string => join(state, 'known_hosts', fleet)

/**
 * Reads every host's public keys over its verified connection and writes them down, so that each later connection, and
 * plain `ssh -o UserKnownHostsFile=...`, can be held to them. Returns the file's path.
 */
export async function recordHostKeys(ctx: TaskContext): Promise<string> {
  const keys = await ctx.each(ctx.hosts, async host => {
    const { stdout } = await ctx.on(host).read(sh`cat /etc/ssh/ssh_host_ed25519_key.pub`)
    const [type, key] = stdout.toString('utf8').trim().split(/\s+/)
    return `${type} ${key}`
  })
  const path = recordedHostKeys(ctx.paths.state, ctx.fleet.name)
  const before = parseKnownHosts(await readFile(path, 'utf8').catch(() => ''))
  const lines = ctx.allHosts.flatMap(({ name, address, target }) => {
    const seen = keys.get(name)
    // A run on some hosts leaves what is recorded of the others.
    const known = seen === undefined ? knownKeys(before, address, target.port).keys : [seen]
    return known.map(key => formatKnownHost(address, target.port, key))
  })
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFile(`${path}.new`, lines.map(line => `${line}\n`).join(''), { mode: 0o600 })
  await rename(`${path}.new`, path)
  return path
}
