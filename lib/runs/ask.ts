import { CommandError, ConnectError, HostKeyError, HostsFailedError, messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { newNonce } from '../resource/program.ts'
import type { TaskContext } from '../task/context.ts'
import { tail } from '../text/last-lines.ts'
import { readAnswer, type HostAnswer } from './read-answer.ts'
import { readProgram, type Query } from './read-program.ts'

/** What the hosts said, and those that said nothing. */
export interface Answers {
  /** In the fleet's order. */
  readonly hosts: ReadonlyMap<string, HostAnswer>
  /** Hosts that did not answer, with the reason. */
  readonly silent: ReadonlyMap<string, Error>
}

export type AskContext = Pick<TaskContext, 'on' | 'each' | 'warn' | 'signal' | 'timeout'>

/** Milliseconds that a host may take to read its own files. */
const PATIENCE = 60_000

async function askHost(ctx: AskContext, host: FleetHost, query: Query): Promise<HostAnswer> {
  const nonce = newNonce()
  const transport = await ctx.on(host).transport()
  const result = await transport.exec('sh', {
    stdin: readProgram(query, nonce),
    root: true,
    signal: ctx.signal,
    timeout: Math.min(ctx.timeout, PATIENCE),
  })
  const answer = readAnswer(nonce, result.stdout)
  if (answer !== undefined) return answer
  const said = tail(result.stderr.toString('utf8'), { count: 3, width: 300 })
  throw new CommandError(`cannot read its runs: exit code ${result.exitCode}${said}`, { host: host.name })
}

/**
 * Asks all hosts at once, in one execution each. Hosts that do not answer are warned of and named; when none does, that
 * is thrown.
 */
export async function askHosts(ctx: AskContext, hosts: readonly FleetHost[], query: Query): Promise<Answers> {
  const asked = await ctx.each(hosts, host =>
    askHost(ctx, host, query).catch((error: unknown) => {
      ctx.signal.throwIfAborted()
      return error instanceof Error ? error : new Error(String(error))
    }),
  )
  const answers = new Map<string, HostAnswer>()
  const silent = new Map<string, Error>()
  for (const { name } of hosts) {
    const answer = asked.get(name)
    if (answer instanceof Error) silent.set(name, answer)
    else if (answer !== undefined) answers.set(name, answer)
  }
  if (hosts.length > 0 && answers.size === 0) {
    throw new HostsFailedError(
      [...silent].map(([host, error]) => ({ host, error })),
      hosts.length,
    )
  }
  for (const host of hosts) {
    const error = silent.get(host.name)
    if (error !== undefined) ctx.warn(messageOf(error), host)
  }
  return { hosts: answers, silent }
}

/** `unreachable` for a host that nobody got through to, else why it said nothing. */
export const silence = (error: Error): 'unreachable' | 'no answer' =>
  error instanceof ConnectError || error instanceof HostKeyError ? 'unreachable' : 'no answer'
