import { randomBytes } from 'node:crypto'
import { userInfo, hostname } from 'node:os'
import type { z } from 'zod'
import { AbortedError, messageOf } from '../errors.ts'
import type { EventSink } from '../events/event.ts'
import { localAccess } from '../fleet/local-access.ts'
import { resolveHosts } from '../fleet/resolve.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { selectHosts } from '../fleet/select.ts'
import { chooseProvider } from '../providers/choose.ts'
import { applyResources } from '../resource/apply.ts'
import { chooseSecrets } from '../secrets/choose.ts'
import { connect } from '../transport/connect.ts'
import { Keyring } from '../transport/keyring.ts'
import { createPool } from '../transport/pool.ts'
import { closeRun, reopenRun } from '../runs/close.ts'
import { endedOf, type Ended } from '../runs/ended.ts'
import { auditRan } from '../runs/ran.ts'
import { jsonOf, pin, type RunRecord } from '../runs/record.ts'
import type { Connect } from '../transport/transport.ts'
import { applyInPhases } from './apply-phases.ts'
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
  const { fleet, signal, paths, timeout, concurrency, planOnly } = environment
  /** Hosts on which acting scripts worked, and those that only commands have changed. */
  const acted = new Set<string>()
  const ran = new Map<string, FleetHost>()
  const emit: EventSink = event => {
    if (event.type === 'step-started') acted.add(event.host)
    environment.emit(event)
  }
  const provider = await chooseProvider(fleet, environment)
  const local = await localAccess(fleet, environment)
  const base = baseHosts(task, environment, params)
  const needsHosts = !base.includes('none')
  // Before the provider is asked: a wrong --on is told at once, whatever else is down.
  const chosen = new Set(selectHosts(fleet, needsHosts ? base : 'none', environment.on))
  const allHosts = needsHosts ? resolveHosts(fleet, await provider.list({ emit, signal }), local) : []
  const hosts = allHosts.filter(host => chosen.has(host.name))
  const patience = Math.min(timeout, CONNECT_PATIENCE)
  const keyring = new Keyring(environment.isInteractive ? environment.askSecret : undefined)
  const pool = createPool(open, { signal, timeout: patience, keyring })
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
    startedAt: environment.resumes?.startedAt ?? environment.now().toISOString(),
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
    on: host =>
      hostContext(host, {
        planOnly,
        timeout,
        signal,
        emit,
        connect: connectTo,
        onChange: changed => ran.set(changed.name, changed),
      }),
    connectFresh: (host, user) => open({ ...host.target, user }, { signal, timeout: patience, keyring }),
    connectAs,
    each: (some, work) => eachHost(some, work, { concurrency, signal }),
    async apply(resources, some = hosts) {
      return applyInPhases(
        some,
        host => (typeof resources === 'function' ? resources(host) : resources),
        async (host, wanted) => {
          const transport = await connectTo(host)
          const { changes } = await applyResources(transport, wanted, {
            mode: planOnly ? 'plan' : 'apply',
            root: true,
            timeout,
            runId,
            owner,
            record,
            wait,
            emit,
            signal,
            reconnect: () => connectTo(host),
          })
          return changes.map(change => change.resource)
        },
        { concurrency, signal, emit },
      )
    },
    abandon: (host, error) => void abandoned.set(host.name, error),
    pin: (name, value) => pin(record, name, value, environment.resumes !== undefined),
    console: environment.console,
    secret: name => secrets.get(name),
    confirm: question => confirm(question, environment),
  }

  emit({ type: 'run-started', task: task.name, fleet: fleet.name, hosts: hosts.map(host => host.name) })
  const resumed = environment.resumes?.runId !== undefined && !planOnly
  let ended: Ended | undefined
  try {
    if (resumed) await reopenRun(ctx, hosts)
    const result = { exitCode: 0, ...(await task.run(ctx, params)) }
    ended = endedOf(environment.now(), result.exitCode)
    return result
  } catch (error) {
    ended = endedOf(environment.now(), 1, signal.aborted ? new AbortedError('stopped') : error)
    if (!signal.aborted) throw error
    if (error instanceof AbortedError && acted.size === 0) throw error
    const text = error instanceof AbortedError ? error.message : `stopped: ${messageOf(error)}`
    throw new AbortedError(text, { cause: error, ...(acted.size > 0 && { hint: `fleet resume ${runId}` }) })
  } finally {
    const unaudited = [...ran.values()].filter(({ name }) => !acted.has(name))
    await Promise.all(
      unaudited.map(async host => {
        try {
          await auditRan(await connectTo(host), record)
        } catch (error) {
          ctx.warn(messageOf(error).replace(`${host.name}: `, ''), host)
        }
      }),
    )
    const told = resumed ? hosts : allHosts.filter(({ name }) => acted.has(name) || ran.has(name))
    if (ended !== undefined && !planOnly) await closeRun(ctx, told, ended)
    await pool.closeAll()
  }
}
