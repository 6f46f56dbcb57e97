import { CommandError, FleetError, messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { rawShell } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'
import { because, isDenied } from './remote-reason.ts'
import { byteProgress } from './byte-progress.ts'
import type { LocalTree } from './local-tree.ts'
import { planPut, type PutOptions, type PutPlan } from './put-plan.ts'
import { archiveOf, receiveCommand } from './put-script.ts'
import { observeScript, parentOf, parseState, type RemoteState } from './remote-state.ts'

export interface Put extends PutOptions {
  readonly tree: LocalTree
  /** Absolute path on the hosts. */
  readonly target: string
  readonly root: boolean
}

/** What was sent, or with `--plan` would be, on each host: paths, empty where nothing differed. */
export async function putEverywhere(
  ctx: TaskContext,
  put: Put,
): Promise<ReadonlyMap<string, readonly string[]>> {
  return ctx.each(ctx.hosts, async host => {
    try {
      const state = await observe(ctx, host, put)
      const plan = planPut(put.tree, put.target, state, put, host.name)
      tellPlan(ctx, host, plan)
      const changed = plan.files.length + plan.folders.length
      if (changed > 0 && !ctx.planOnly) {
        const count = byteProgress(
          ctx,
          `put ${host.name}`,
          `${put.tree.name} to ${host.name}: bytes`,
          plan.bytes,
        )
        await send(ctx, host, put, plan, besideOf(put, state), count)
      }
      if (!ctx.planOnly) {
        const outcome = changed > 0 ? 'changed' : 'unchanged'
        ctx.emit({ type: 'host-ended', host: host.name, outcome, changed })
      }
      return [...plan.folders, ...plan.files.map(({ to }) => to)]
    } catch (error) {
      tellFailure(ctx, host, error)
      throw error
    }
  })
}

async function observe(ctx: TaskContext, host: FleetHost, { tree, target, root }: Put): Promise<RemoteState> {
  const command = rawShell('sh -s').input(observeScript(tree, target))
  const { exitCode, stdout, stderr } = await ctx.on(host).read(command, { root, anyExitCode: true })
  if (exitCode !== 0) throw refused(host, stderr, root)
  return parseState(stdout.toString('utf8'), tree, host.name)
}

/** The folder on the target's own disk where the archive is unpacked. */
const besideOf = ({ tree, target }: Put, state: RemoteState): string =>
  tree.isFolder && state.target.kind === 'folder' ? target : parentOf(target)

async function send(
  ctx: TaskContext,
  host: FleetHost,
  { root }: Put,
  plan: PutPlan,
  beside: string,
  count: (bytes: number) => void,
): Promise<void> {
  const { exitCode, stderr } = await ctx.on(host).run(rawShell(receiveCommand(beside)), {
    root,
    anyExitCode: true,
    stdin: archiveOf(plan, count),
  })
  if (exitCode !== 0) throw refused(host, stderr, root)
}

function refused(host: FleetHost, stderr: Buffer, root: boolean): CommandError {
  const why = stderr.toString('utf8')
  return new CommandError(`nothing was put in its place:${because(why)}`, {
    host: host.name,
    ...(!root && isDenied(why) && { hint: 'add --root: the login may not write there' }),
  })
}

function tellPlan(ctx: TaskContext, host: FleetHost, { files, folders }: PutPlan): void {
  ctx.emit({
    type: 'host-planned',
    host: host.name,
    changes: [
      ...folders.map(path => ({ resource: `directory ${path}`, action: 'create' as const, detail: '' })),
      ...files.map(({ to, action, detail }) => ({ resource: `file ${to}`, action, detail })),
    ],
  })
}

/** Shows at once what `HostsFailedError` says in the end. */
export function tellFailure(ctx: TaskContext, host: FleetHost, error: unknown): void {
  if (ctx.signal.aborted) return
  const isUnreachable = error instanceof FleetError && error.exitCode === 5
  ctx.emit({
    type: 'host-ended',
    host: host.name,
    outcome: isUnreachable ? 'unreachable' : 'failed',
    changed: 0,
    reason: messageOf(error),
  })
}
