import { readFile, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Machine } from '../provider.ts'
import { writeAtomically } from './files.ts'
import { makeKeyPair } from './keys.ts'
import { withLock } from '../../lease/local-lock.ts'

/** The files of one lab. The engine knows what exists; all of these but the key can be written anew. */
export interface LabFiles {
  readonly dir: string
  /** The operator's private key for this lab; the public one is beside it in `.pub`. */
  readonly identity: string
  readonly knownHosts: string
  readonly summary: string
}

/** Where a lab keeps its files. */
export const labFiles = (dir: string): LabFiles => ({
  dir,
  identity: join(dir, 'id_ed25519'),
  knownHosts: join(dir, 'known_hosts'),
  summary: join(dir, 'lab.json'),
})

/** The lines of a known_hosts file: each host by its address and its name. */
export const knownHostsLines = (machines: readonly Machine[]): string =>
  machines
    .flatMap(({ address, name, hostKeys }) => hostKeys.map(key => `${address},${name} ${key}\n`))
    .join('')

/** The public key of the lab's operator, made at the first call. */
export async function ensureOperatorKey(dir: string, signal: AbortSignal): Promise<string> {
  const { identity } = labFiles(dir)
  return await withLock(`${dirname(dir)}/.key.lock`, signal, async () => {
    try {
      return (await readFile(`${identity}.pub`, 'utf8')).trim()
    } catch {
      const { privateKey, publicKey } = await makeKeyPair('fleet-lab')
      await writeAtomically(identity, privateKey, 0o600)
      // Last, because its presence says that the pair is whole.
      await writeAtomically(`${identity}.pub`, `${publicKey} fleet-lab\n`)
      return `${publicKey} fleet-lab`
    }
  })
}

/** Writes known_hosts and lab.json for the machines that exist. */
export async function writeState(
  dir: string,
  lab: string,
  subnet: string,
  machines: readonly Machine[],
): Promise<void> {
  const files = labFiles(dir)
  await writeAtomically(files.knownHosts, knownHostsLines(machines), 0o600)
  const hosts = machines.map(({ name, role, address, hostKeys }) => ({ name, role, address, hostKeys }))
  await writeAtomically(files.summary, `${JSON.stringify({ version: 1, lab, subnet, hosts }, null, 2)}\n`)
}

/** Forgets a lab. Only the lab's own files go, and the directory when nothing else is in it. */
export async function removeState(dir: string): Promise<void> {
  const { identity, knownHosts, summary } = labFiles(dir)
  for (const path of [identity, `${identity}.pub`, knownHosts, summary]) await rm(path, { force: true })
  await rmdir(dir).catch(() => undefined)
}
