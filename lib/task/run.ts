import { userInfo, hostname } from 'node:os'
import type { z } from 'zod'
import { AbortedError, FleetError, LeaseHeldError, messageOf } from '../errors.ts'
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
import { reopenRun } from '../runs/close.ts'
import { endedOf, type Ended } from '../runs/ended.ts'
import { pin } from '../runs/record.ts'
import { goOnHint } from '../runs/retry.ts'
import type { Connect } from '../transport/transport.ts'
import { applyInPhases } from './apply-phases.ts'
import { confirm } from './confirm.ts'
import type { TaskContext } from './context.ts'
import type { Params, Task, TaskResult } from './define.ts'
import { eachHost } from './each.ts'
import type { Environment } from './environment.ts'
import { hostContext } from './host-context.ts'
import { newRecord } from './new-record.ts'
import { Touched } from './touched.ts'

/** Milliseconds that a connection may take, however long a command may: a frozen host must not hold the others up. */
const CONNECT_PATIENCE = 15_000

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
  const touched = new Touched()
  const emit = touched.watch(environment.emit)
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
  const owner = `${userInfo().username}@${hostname()}`
  const record = newRecord(task, params, environment, { owner, hosts: hosts.map(host => host.name) })
  const { id: runId } = record
  const abandoned = new Map<string, Error>()
  const connectAs = (host: FleetHost, user: string) => {
    const reason = abandoned.get(host.name)
    return reason === undefined ? pool.open({ ...host.target, user }) : Promise.reject(reason)
  }
  const connectTo = (host: FleetHost) => connectAs(host, host.target.user)
  const secrets = chooseSecrets(fleet, environment)
  const { message, wait, review } = environment

  const ctx: TaskContext = {
    fleet,
    hosts,
    allHosts,
    provider,
    runId,
    owner,
    ...(message === undefined ? {} : { message }),
    record,
    ...(review === undefined ? {} : { review }),
    leases: new Set(),
    wait,
    paths,
    planOnly,
    concurrency,
    timeout,
    signal,
    emit,
    stepsBegun: touched.stepsBegun,
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
        onChange: (changed, transport) => touched.ran(ctx, changed, transport),
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
            ...(review === undefined ? {} : { review }),
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
    pin: (name, value) => pin(record, name, value, environment.resumes?.decidedBy),
    console: environment.console,
    secret: name => secrets.get(name),
    confirm: question => confirm(question, environment),
  }

  emit({ type: 'run-started', task: task.name, fleet: fleet.name, hosts: hosts.map(host => host.name) })
  const resumed = environment.resumes?.runId === undefined || planOnly ? [] : hosts
  let ended: Ended | undefined
  try {
    if (resumed.length > 0) await reopenRun(ctx, resumed)
    const result = { exitCode: 0, ...(await task.run(ctx, params)) }
    ended = endedOf(environment.now(), result.exitCode)
    return result
  } catch (error) {
    // A run whose leases somebody holds has not begun: if that is the run itself, elsewhere, it has not ended either.
    if (!(error instanceof LeaseHeldError)) {
      ended = endedOf(environment.now(), 1, signal.aborted ? new AbortedError('stopped') : error)
    }
    const isKnown = touched.isResumable || environment.resumes?.runId !== undefined
    if (!signal.aborted) throw error
    const isStop = error instanceof AbortedError
    if (isStop && !isKnown && error.hint !== undefined) throw error
    const text = isStop ? error.message : `stopped: ${messageOf(error)}`
    const reason: unknown = signal.reason
    const again = reason instanceof FleetError ? reason.hint : undefined
    const hint = isKnown ? goOnHint(record) : again
    throw new AbortedError(text, { cause: error, ...(hint === undefined ? {} : { hint }) })
  } finally {
    if (ended === undefined) await touched.forget()
    else if (!planOnly) await touched.close(ctx, ended, resumed)
    await pool.closeAll()
  }
}
