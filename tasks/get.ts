import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { defineTask, PartialResultError, UsageError } from '../lib/index.ts'
import { getEverywhere } from '../lib/transfer/get.ts'
import { remotePath } from '../lib/transfer/remote-path.ts'

export default defineTask({
  name: 'get',
  summary: 'Copy a file or a folder from the hosts to this machine',
  description:
    'Written to <folder>/<host>/<name>, for you alone, and never outside of it. A file that is there and differs is not ' +
    'overwritten without --force. Links inside a folder are not followed and not written: they are named, and the exit ' +
    'code is 9.',
  params: z.strictObject({
    remote: z.string().min(1).describe('absolute path on the hosts'),
    folder: z.string().min(1).describe('folder on this machine; each host gets its own in it'),
    root: z.boolean().default(false).describe('read as root'),
    force: z.boolean().default(false).describe('overwrite files that differ'),
  }),
  args: ['remote', 'folder'],
  hosts: 'all',
  examples: [
    'fleet get /etc/nginx/nginx.conf ./found --on web',
    'fleet get /var/log/sync ./logs --root --on sync',
  ],
  async run(ctx, { remote, folder, root, force }) {
    const path = remotePath(remote.replace(/(?<=.)\/+$/, ''))
    if (path === '/') throw new UsageError('/ is more than can be copied', { hint: 'name a folder in it' })
    const to = resolve(ctx.paths.cwd, folder)
    const isFile = await stat(to).then(
      found => !found.isDirectory(),
      () => false,
    )
    if (isFile)
      throw new UsageError(`${to} is a file`, { hint: 'name a folder: each host gets its own in it' })
    const got = await getEverywhere(ctx, { remote: path, folder: to, root, force })
    if (ctx.planOnly) return
    const data = Object.fromEntries(got)
    const left = ctx.hosts.flatMap(({ name }) => (got.get(name)?.left ?? []).map(each => `${name}: ${each}`))
    for (const { name } of ctx.hosts) {
      const count = got.get(name)?.changed.length ?? 0
      ctx.print(`${to}/${name}: ${count === 0 ? 'unchanged' : `${count} new or changed`}`)
    }
    if (left.length === 0) return { data }
    ctx.emit({ type: 'result', data })
    throw new PartialResultError(['left out', ...left.map(line => `  ${line}`)].join('\n'), {
      hint: 'only files and folders are copied',
    })
  },
})
