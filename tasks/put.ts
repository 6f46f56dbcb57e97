import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { hostRanges } from '../lib/exec/host-ranges.ts'
import { readTree } from '../lib/transfer/local-tree.ts'
import { putEverywhere } from '../lib/transfer/put.ts'
import { targetOf } from '../lib/transfer/remote-path.ts'

const OWNER = /^[a-z_][a-z0-9_.-]*(?::[a-z_][a-z0-9_.-]*)?$/

export default defineTask({
  name: 'put',
  summary: 'Copy a file or a folder to the hosts, whole or not at all',
  description:
    'Only what differs is sent. Everything arrives and is checked before the first file takes its place; each file is ' +
    'replaced in one step. A file that is there keeps its mode and owner unless told, and files that are only there ' +
    'stay.\nA remote path that ends with / is the folder to put it in.',
  params: z.strictObject({
    local: z.string().min(1).describe('file or folder on this machine'),
    remote: z.string().min(1).describe('absolute path on the hosts'),
    root: z.boolean().default(false).describe('write as root'),
    mode: z
      .string()
      .regex(/^[0-7]{3,4}$/, 'is no mode like 0644')
      .optional()
      .describe('mode of the files, like 0644'),
    owner: z
      .string()
      .regex(OWNER, 'is no user or user:group')
      .optional()
      .describe('owner of the files, user or user:group'),
  }),
  args: ['local', 'remote'],
  hosts: 'all',
  examples: [
    'fleet put motd /etc/motd --root --owner root:root --mode 0644',
    'fleet put ./certificates /srv/certificates --on lb',
    'fleet put dump.sql.gz /var/tmp/ --on db1',
  ],
  async run(ctx, { local, remote, root, mode, owner: owned }) {
    const [owner, group] = owned?.split(':') ?? []
    const tree = await readTree(local, ctx.paths.cwd)
    const target = targetOf(remote, tree.name)
    const changed = await putEverywhere(ctx, {
      tree,
      target,
      root,
      ...(mode === undefined ? {} : { mode }),
      ...(owner === undefined ? {} : { owner }),
      ...(group === undefined ? {} : { group }),
    })
    const names = ctx.hosts.map(({ name }) => name)
    const differing = names.filter(name => (changed.get(name) ?? []).length > 0)
    const same = names.filter(name => !differing.includes(name))
    if (differing.length > 0) {
      ctx.print(`${target} ${ctx.planOnly ? 'would change' : 'changed'} on ${hostRanges(differing)}`)
    }
    if (same.length > 0) ctx.print(`${target} unchanged on ${hostRanges(same)}`)
    return { data: { target, changed: Object.fromEntries(changed) } }
  },
})
