import { randomBytes } from 'node:crypto'
import { userInfo, hostname } from 'node:os'
import type { z } from 'zod'
import { AbortedError, messageOf } from '../errors.ts'
import { localAccess } from '../fleet/local-access.ts'
import { resolveHosts } from '../fleet/resolve.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { selectHosts } from '../fleet/select.ts'
import { chooseProvider } from '../providers/choose.ts'
import { applyResources } from '../resource/apply.ts'
import { chooseSecrets } from '../secrets/choose.ts'
import { connect } from '../transport/connect.ts'
import { createPool } from '../transport/pool.ts'
import { jsonOf, pin, type RunRecord } from '../runs/record.ts'
import type { Connect } from '../transport/transport.ts'
import { confirm } from './confirm.ts'
import type { TaskContext } from './context.ts'
import type { Params, Task, TaskResult } from './define.ts'
import { eachHost } from './each.ts'
import type { Environment } from './environment.ts'
import { hostContext } from './host-context.ts'

/** Milliseconds that a connection may take, however long a command may: a frozen host must not hold the others up. */
const CONNECT_PATIENCE = 15_000

/** Sorts by time and never repeats: 20261122T120000-3f9a. */
const newRunId = (now: Date): string =>
  `${now.toISOString().replaceAll(/[-:]|\.\d+Z/g, '')}-${randomBytes(2).toString('hex')}`

/** The role or host names that a task works on before `--on` narrows them. */
function baseHosts<P extends Params>(
  task: Task<P>,
  environment: Environment,
  params: z.output<P>,
): readonly string[] {
  const { hosts } = task
  if (typeof hosts === 'function') return hosts(environment.fleet, params)
  return typeof hosts === 'string' ? [hosts] : hosts
}

/**
 * Runs one task: resolves and selects the hosts, gives the task its context, and closes every connection at the end,
 * however it ends. Errors are thrown on for the caller to show. Tests give another way to `open` a host.
 */
export async function runTask<P extends Params>(
  task: Task<P>,
  params: z.output<P>,
  environment: Environment,
  open: Connect = connect,
): Promise<TaskResult> {
  const { fleet, emit, signal, paths, timeout, concurrency, planOnly } = environment
  const provider = await chooseProvider(fleet, environment)
  const local = await localAccess(fleet, environment)
  const base = baseHosts(task, environment, params)
  const needsHosts = !base.includes('none')
  // Before the provider is asked: a wrong --on is told at once, whatever else is down.
  const chosen = new Set(selectHosts(fleet, needsHosts ? base : 'none', environment.on))
  const allHosts = needsHosts ? resolveHosts(fleet, await provider.list({ emit, signal }), local) : []
  const hosts = allHosts.filter(host => chosen.has(host.name))
  const patience = Math.min(timeout, CONNECT_PATIENCE)
  const pool = createPool(open, { signal, timeout: patience })
  const runId = environment.resumes?.runId ?? newRunId(environment.now())
  const owner = `${userInfo().username}@${hostname()}`
  const abandoned = new Map<string, Error>()
  const connectAs = (host: FleetHost, user: string) => {
    const reason = abandoned.get(host.name)
    return reason === undefined ? pool.open({ ...host.target, user }) : Promise.reject(reason)
  }
  const connectTo = (host: FleetHost) => connectAs(host, host.target.user)
  const secrets = chooseSecrets(fleet, environment)
  const { message, wait } = environment
  const pins: Record<string, string> = { ...environment.resumes?.pins }
  const record: RunRecord = {
    version: 1,
    id: runId,
    task: task.name,
    params: jsonOf(params),
    on: [...environment.on],
    fleet: fleet.name,
    owner,
    ...(message === undefined ? {} : { message }),
    startedAt: environment.now().toISOString(),
    hosts: hosts.map(host => host.name),
    pins,
    tool: environment.version,
  }

  const ctx: TaskContext = {
    fleet,
    hosts,
    allHosts,
    provider,
    runId,
    owner,
    ...(message === undefined ? {} : { message }),
    record,
    leases: new Set(),
    wait,
    paths,
    planOnly,
    concurrency,
    timeout,
    signal,
    emit,
    now: environment.now,
    env: environment.env,
    phase: title => emit({ type: 'phase', title }),
    note: (text, host) => emit({ type: 'note', text, ...(host === undefined ? {} : { host: host.name }) }),
    warn: (text, host) => emit({ type: 'warning', text, ...(host === undefined ? {} : { host: host.name }) }),
    print: environment.print,
    on: host => hostContext(host, { planOnly, timeout, signal, emit, connect: connectTo }),
    connectFresh: (host, user) => open({ ...host.target, user }, { signal, timeout: patience }),
    connectAs,
    each: (some, work) => eachHost(some, work, { concurrency, signal }),
    async apply(resources, some = hosts) {
      const reports = await eachHost(
        some,
        async host => {
          const wanted = typeof resources === 'function' ? resources(host) : resources
          const transport = await connectTo(host)
          return applyResources(transport, wanted, {
            mode: planOnly ? 'plan' : 'apply',
            root: true,
            timeout,
            runId,
            owner,
            emit,
            signal,
          })
        },
        { concurrency, signal },
      )
      const changed = new Map(
        [...reports].map(([name, report]) => [name, report.changes.map(change => change.resource)]),
      )
      return { changed, total: [...changed.values()].reduce((sum, ids) => sum + ids.length, 0) }
    },
    abandon: (host, error) => void abandoned.set(host.name, error),
    pin: (name, value) => pin(record, name, value, environment.resumes !== undefined),
    secret: name => secrets.get(name),
    confirm: question => confirm(question, environment),
  }

  emit({ type: 'run-started', task: task.name, fleet: fleet.name, hosts: hosts.map(host => host.name) })
  try {
    const result = await task.run(ctx, params)
    return { exitCode: 0, ...result }
  } catch (error) {
    if (signal.aborted && !(error instanceof AbortedError)) {
      throw new AbortedError(`stopped: ${messageOf(error)}`, { cause: error })
    }
    throw error
  } finally {
    await pool.closeAll()
  }
}
