import { createHash } from 'node:crypto'
import { rawShell } from '../../shell/sh.ts'
import type { Handler, Resource } from '../resource.ts'
import { fileWanted } from './file.ts'
import type { FileBacked, FileBackedSeen } from './file-backed.ts'
import { fileBacked } from './file-backed.ts'
import type { FirewallRules } from './nftables-rules.ts'
import { nftablesRules } from './nftables-rules.ts'

export interface NftablesWanted extends FileBacked {
  /** Name of an empty chain in the table: says which rules are loaded. */
  readonly version: string
}

const PATH = '/etc/nftables.conf'

export const nftablesKind = fileBacked<NftablesWanted, string>({
  name: 'firewall',
  observe: () =>
    `nft list table inet fleetfile 2>/dev/null | sed -n 's/^\\tchain \\(version_[0-9a-f]*\\) .*/\\1/p'`,
  parse: (output, wanted) => wanted.map(() => output.trim()),
  differs: ({ version }, live) =>
    live === version ? [] : [live === '' ? 'rules are not loaded' : 'other rules are loaded'],
  load: () => [{ title: 'load the firewall', script: `nft -f ${PATH}` }],
})

/**
 * The host's firewall, in a table of its own: Docker's and everybody else's tables stay. Rules are checked before they
 * are written and loaded all at once: no packet meets half of them, open connections stay, and SSH is always let in.
 * Loading at boot is `unit({ name: 'nftables', enabled: true })`; never stop that unit: it flushes all tables.
 */
export function nftables(
  options: FirewallRules & { readonly notify?: readonly Handler[] },
): Resource<NftablesWanted, FileBackedSeen<string>> {
  const rules = nftablesRules(options)
  const version = `version_${createHash('sha256').update(rules).digest('hex').slice(0, 12)}`
  // Declared, then deleted: a table that is not there cannot be deleted, and nft knows no "if exists".
  const content = `#!/usr/sbin/nft -f
# Written by fleet. Only this table is replaced: other tables stay.
table inet fleetfile
delete table inet fleetfile
table inet fleetfile {
  chain ${version} {
  }
${rules}
}
`
  const check = rawShell('nft -c -f "$1"')
  const wanted = { version, file: fileWanted({ path: PATH, content, mode: 0o644, check }) }
  return { id: 'firewall', kind: nftablesKind, wanted, notify: options.notify ?? [] }
}
