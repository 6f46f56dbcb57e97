import type { Kind, Resource } from '../resource.ts'

const PATH = '/etc/nftables.conf'

/** What there is of our firewall: `loaded`, `file`. A file that is not ours stays. */
export const absentNftablesKind: Kind<undefined, readonly string[]> = {
  name: 'absent firewall',
  observe: () => `nft list table inet fleetfile >/dev/null 2>&1 && echo loaded
if grep -qsxF '# Written by fleet. Only this table is replaced: other tables stay.' ${PATH}; then echo file; fi`,
  parse: (output, wanted) => wanted.map(() => output.split('\n').filter(Boolean)),
  diff: (_, seen) =>
    seen.length > 0 ? { action: 'remove', detail: `${seen.join(', ')}: every port opens` } : undefined,
  act: (_, seen) => [
    {
      title: 'remove the firewall',
      script: [
        ...(seen.includes('loaded') ? ['nft delete table inet fleetfile'] : []),
        ...(seen.includes('file') ? [`rm -f ${PATH}`] : []),
      ].join('\n'),
    },
  ],
}

/** None of our firewall rules: whatever listens can be reached from everywhere, as far as others do not hold it. */
export const absentNftables = (): Resource<undefined, readonly string[]> => ({
  id: 'firewall',
  kind: absentNftablesKind,
  wanted: undefined,
  notify: [],
})
