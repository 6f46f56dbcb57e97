import { lstat, mkdir, mkdtemp, rm, statfs } from 'node:fs/promises'
import { join, posix } from 'node:path'
import prettyBytes from 'pretty-bytes'
import { CommandError, ConfigError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { quote } from '../shell/quote.ts'
import { sh } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'
import { fileProblem } from '../text/file-problem.ts'
import { tail } from '../text/last-lines.ts'
import { byteProgress } from './byte-progress.ts'
import { placeReceived } from './place-received.ts'
import { tellFailure } from './put.ts'
import { because, isDenied } from './remote-reason.ts'
import { Receiver, type ReceivedTree } from './received-tree.ts'

export interface Get {
  /** Absolute path on the hosts. */
  readonly remote: string
  /** Absolute path here; each host gets a folder in it. */
  readonly folder: string
  readonly root: boolean
  readonly force: boolean
}

export interface Got {
  /** Paths below the host's folder that are new or differ. */
  readonly changed: readonly string[]
  /** Links, devices and the like: not written. */
  readonly left: readonly string[]
}

/** What grows while it is read may send this much more than it said. */
const GROWTH = 64 << 20

/** Fetches a file or a folder from every host into a folder of its own. */
export const getEverywhere = (ctx: TaskContext, get: Get): Promise<ReadonlyMap<string, Got>> =>
  ctx.each(ctx.hosts, async host => {
    try {
      const there = await look(ctx, host, get)
      if (ctx.planOnly) {
        ctx.note(`would get ${there.path}, ${prettyBytes(there.size)}`, host)
        return { changed: [], left: [] }
      }
      const text = `${posix.basename(get.remote)} from ${host.name}: bytes`
      const got = await receive(
        ctx,
        host,
        get,
        there,
        byteProgress(ctx, `get ${host.name}`, text, there.size),
      )
      const outcome = got.changed.length > 0 ? 'changed' : 'unchanged'
      ctx.emit({ type: 'host-ended', host: host.name, outcome, changed: got.changed.length })
      return got
    } catch (error) {
      tellFailure(ctx, host, error)
      throw error
    }
  })

interface There {
  /** Without links. */
  readonly path: string
  readonly size: number
}

/** Names that `stat -f` has for the file systems of a kernel (coreutils, stat.c): their files have no size of their own. */
const KERNEL =
  /^(proc|sysfs|cgroup2?fs|debugfs|tracefs|securityfs|configfs|bpf_fs|efivarfs|pstorefs|selinux|fusectl|binfmt_misc)$/

/** What it is and how large; a link is followed here, and nowhere below. */
async function look(ctx: TaskContext, host: FleetHost, { remote, root }: Get): Promise<There> {
  // With a dot behind it: a shell takes newlines off the end, and a name may end in one.
  const command = sh`path=$(readlink -e -- ${remote} && echo .) && path=\${path%?.} && stat -f -c %T -- "$path" && du -sb -- "$path"`
  const { exitCode, stdout, stderr } = await ctx.on(host).read(command, { root, anyExitCode: true })
  const [, kind = '', size, path] = /^(.*)\n(\d+)\t(\/[^]*)\n$/.exec(stdout.toString('utf8')) ?? []
  if (size === undefined || path === undefined || path === '/') {
    const why = exitCode === 0 ? '' : tail(stderr.toString('utf8'))
    throw new CommandError(`cannot read ${remote}${why === '' ? ': it is not there' : `:${why}`}`, {
      host: host.name,
      hint: `fleet exec --on ${host.name} -- ls -la ${posix.dirname(remote)}`,
    })
  }
  if (KERNEL.test(kind)) {
    throw new CommandError(`${remote} is made by the kernel as it is read (${kind}): it is no file to copy`, {
      host: host.name,
      hint: `fleet exec --on ${host.name}${root ? ' --root' : ''} -- cat ${quote(remote)}`,
    })
  }
  return { path, size: Number(size) }
}

async function receive(
  ctx: TaskContext,
  host: FleetHost,
  get: Get,
  there: There,
  count: (bytes: number) => void,
): Promise<Got> {
  const to = join(get.folder, host.name)
  await mkdir(to, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new ConfigError(`cannot make the folder ${to}: ${fileProblem(cause)}`, { cause })
  })
  if (!(await lstat(to)).isDirectory()) throw new ConfigError(`${to} is no folder`)
  const { bavail, bsize } = await statfs(to)
  if (bavail * bsize < there.size) {
    throw new ConfigError(
      `${to} has ${prettyBytes(bavail * bsize)} free, ${prettyBytes(there.size)} would come`,
    )
  }
  const from = await mkdtemp(join(to, '.fleet-get-'))
  try {
    const tree = await fetchTree(ctx, host, get, there, from, count)
    return { changed: await placeReceived(tree, { from, to, force: get.force }), left: tree.left }
  } finally {
    await rm(from, { recursive: true, force: true })
  }
}

async function fetchTree(
  ctx: TaskContext,
  host: FleetHost,
  { remote, root }: Get,
  { path, size }: There,
  folder: string,
  count: (bytes: number) => void,
): Promise<ReceivedTree> {
  const base = posix.basename(path)
  const name = posix.basename(remote)
  const receiver = new Receiver(folder, { host: host.name, base, name, most: 2 * size + GROWTH })
  try {
    // Unless told, tar reads `\n` in a name as a newline.
    const command = sh`LC_ALL=C tar -C ${posix.dirname(path)} -c -f - --no-unquote ${`./${base}`}`
    const { exitCode, stderr } = await ctx.on(host).read(command, {
      root,
      anyExitCode: true,
      discardStdout: true,
      onStdout: chunk => {
        count(chunk.length)
        return receiver.push(chunk)
      },
    })
    // 1: something changed while it was read, as logs do.
    if (exitCode > 1) {
      const why = stderr.toString('utf8').replace(/^tar: Exiting with failure status.*\n/m, '')
      throw new CommandError(`cannot read all of ${remote}:${because(why)}`, {
        host: host.name,
        ...(!root && isDenied(why) && { hint: 'add --root: the login may not read it' }),
      })
    }
    if (exitCode === 1) ctx.warn(`changed while it was read:${tail(stderr.toString('utf8'))}`, host)
    return await receiver.end()
  } catch (error) {
    await receiver.stop(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}
