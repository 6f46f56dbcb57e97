import { resolve } from 'node:path'
import prettyBytes from 'pretty-bytes'
import { z } from 'zod'
import { AbortedError, ConfigError, HostsFailedError, PartialResultError } from '../lib/errors.ts'
import type { Fleet, LogSource } from '../lib/fleet/model.ts'
import { askHost } from '../lib/logs/ask.ts'
import { deliver, deliverTo, RecordList } from '../lib/logs/deliver.ts'
import { mergeRecords } from '../lib/logs/merge.ts'
import { mirroredHost, mirroredNames } from '../lib/logs/mirrored.ts'
import { userDirectory } from '../lib/logs/mirror.ts'
import {
  answered,
  describeMissing,
  gaps,
  heldBytes,
  shortfalls,
  timeRemarks,
  type HostAnswer,
} from '../lib/logs/report.ts'
import { LEVELS, parseSince, selectRecords, type Selection } from '../lib/logs/select.ts'
import { knownAhead } from '../lib/logs/skew.ts'
import { sourcesOf, type MirroredHost, type ReadingNotes } from '../lib/logs/source.ts'
import { parseUserId } from '../lib/logs/user-id.ts'
import type { TaskContext } from '../lib/task/context.ts'
import { defineTask } from '../lib/task/define.ts'

const params = z.strictObject({
  user: z.string().describe('id of the user, 24 hexadecimal digits'),
  since: z.string().optional().describe('only from then on: 2h, 3d, 2026-11-20, 2026-11-20T12:00:00Z'),
  level: z.enum(LEVELS).optional().describe('least level to show'),
  tail: z.int().min(1).max(1_000_000).optional().describe('only the last so many records'),
  out: z.string().optional().describe('write to this file (0600) instead of the terminal'),
  correctClocks: z
    .boolean()
    .default(false)
    .describe("take each server's measured clock error from its times"),
  silence: z
    .int()
    .min(1)
    .max(600)
    .default(30)
    .describe('seconds a server may be silent before it is given up'),
})

function logsOf(fleet: Fleet): LogSource {
  if (fleet.logs !== undefined) return fleet.logs
  throw new ConfigError(`fleet ${fleet.name} does not say where its users' logs are`, {
    hint: "add to the fleet file: logs: { role: 'sync', directory: '/var/log/...', format: 'tapiriik' }",
  })
}

/** What the answers came to, gathered for the notes. */
interface Outcome {
  readonly user: string
  readonly source: LogSource
  readonly answers: readonly HostAnswer[]
  /** Mirrors that were read: of every chosen host, and of hosts that the fleet has no more. */
  readonly mirrors: ReadonlyMap<string, MirroredHost>
  readonly notes: ReadingNotes
}

const fleetHosts = (ctx: TaskContext, { role }: LogSource): readonly string[] =>
  ctx.allHosts.filter(host => host.role === role).map(({ name }) => name)

/** The mirrors to read. Hosts that the fleet has no more count as long as no host was left out by `--on`. */
async function readMirrors(
  ctx: TaskContext,
  userFolder: string,
  source: LogSource,
  aheadOf: (host: string) => number,
): Promise<ReadonlyMap<string, MirroredHost>> {
  const chosen = ctx.hosts.map(({ name }) => name)
  const all = new Set(fleetHosts(ctx, source))
  const former =
    chosen.length < all.size ? [] : (await mirroredNames(userFolder)).filter(name => !all.has(name))
  const names = [...new Set([...chosen, ...former])].toSorted()
  const mirrors = await Promise.all(names.map(name => mirroredHost(userFolder, name, aheadOf(name))))
  return new Map(mirrors.map(mirror => [mirror.host, mirror]))
}

/** Says which servers answered, what came from each, and what is missing. */
function report(ctx: TaskContext, { user, source, answers, mirrors, notes }: Outcome): void {
  const good = answers.filter(answered)
  const held = [...mirrors.values()].reduce((sum, mirror) => sum + heldBytes(mirror), 0)
  const fresh = good.reduce((sum, { fetched }) => sum + fetched.newBytes, 0)
  const transferred = good.reduce((sum, each) => sum + each.transferred, 0)
  const servers = `${good.length} of ${answers.length} servers answered`
  ctx.note(
    held === 0 && fresh === 0
      ? `${servers}: no log of ${user} on any of them`
      : `${servers}: ${prettyBytes(held)} of log, ${prettyBytes(fresh)} new${ctx.planOnly ? ' to fetch' : ''}, ${prettyBytes(transferred)} transferred`,
  )
  const unasked = fleetHosts(ctx, source).filter(name => !answers.some(({ host }) => host === name))
  if (unasked.length > 0) ctx.warn(`not asked: ${unasked.join(', ')}`)
  for (const [name, mirror] of mirrors) {
    const host = ctx.hosts.find(each => each.name === name)
    const answer = answers.find(each => each.host === name)
    const fetched = answer !== undefined && answered(answer) ? answer.fetched : undefined
    if (host === undefined) ctx.note(`${name} is no longer in the fleet: shown from the mirror`)
    if (fetched !== undefined) {
      const kept = `${prettyBytes(heldBytes(mirror))} in the mirror`
      ctx.note(
        `${fetched.inspection.files.length} files, ${kept}, new ${prettyBytes(fetched.newBytes)}`,
        host,
      )
      if (fetched.inspection.directoryMissing) ctx.warn(`${source.directory} does not exist`, host)
    }
    for (const text of timeRemarks(name, notes, fetched)) ctx.note(text, host)
    for (const text of gaps(user, mirror, fetched)) ctx.warn(text, host)
  }
}

/** What is missing, one line each; empty when all that the servers have was delivered. */
const missingLines = ({ user, answers, mirrors }: Outcome): string[] =>
  answers.flatMap(answer => {
    if (answered(answer)) return shortfalls(user, answer.fetched).map(text => `${answer.host}: ${text}`)
    const mirror = mirrors.get(answer.host)
    return mirror === undefined ? [] : [describeMissing(answer, mirror)]
  })

const serverData = (answer: HostAnswer) =>
  answered(answer)
    ? {
        host: answer.host,
        answered: true,
        files: answer.fetched.inspection.files.length,
        newBytes: answer.fetched.newBytes,
        transferred: answer.transferred,
        clock: answer.fetched.inspection.skew,
      }
    : { host: answer.host, answered: false, error: answer.error.message }

export default defineTask({
  name: 'logs',
  summary: "Show one user's log from every server, in true time order",
  description:
    'Fetches what is new, keeps it in a local mirror, and merges all of it. Changes nothing on the servers.\n' +
    'Says which servers answered; ends with exit code 9 when one did not, or a file could not be read.\n' +
    'With --plan it only says what it would fetch.',
  params,
  args: ['user'],
  hosts: (fleet, { user }) => {
    parseUserId(user)
    return [logsOf(fleet).role]
  },
  examples: [
    'fleet logs 53c1f0d5b0d9f5a8e4000001',
    'fleet logs 53c1f0d5b0d9f5a8e4000001 --since 2h --level warning',
    'fleet logs 53c1f0d5b0d9f5a8e4000001 --out ticket-812.log',
  ],
  async run(ctx, { since, level, tail, out, correctClocks, silence, ...options }) {
    const user = parseUserId(options.user)
    const source = logsOf(ctx.fleet)
    const selection: Selection = {
      ...(since === undefined ? {} : { since: parseSince(since, ctx.now().getTime()) }),
      ...(level === undefined ? {} : { level }),
      ...(tail === undefined ? {} : { tail }),
    }
    const userFolder = userDirectory(ctx.paths.state, ctx.fleet.name, user)
    const asked = await ctx
      .each(ctx.hosts, host =>
        askHost({
          host: host.name,
          connect: () => ctx.on(host).transport(),
          userFolder,
          directory: source.directory,
          user,
          now: () => ctx.now().getTime(),
          signal: ctx.signal,
          silence: Math.min(silence * 1000, ctx.timeout),
          preview: ctx.planOnly,
        }),
      )
      .catch((error: unknown) => {
        throw ctx.signal.aborted ? new AbortedError('interrupted', { cause: error }) : error
      })
    const answers = ctx.hosts.flatMap(({ name }) => asked.get(name) ?? [])
    const mirrors = await readMirrors(ctx, userFolder, source, name => {
      const answer = asked.get(name)
      return correctClocks && answer !== undefined && answered(answer)
        ? knownAhead(answer.fetched.inspection.skew)
        : 0
    })
    const missing = answers.flatMap(answer => (answered(answer) ? [] : [answer]))
    const nothing = [...mirrors.values()].every(mirror => heldBytes(mirror) === 0)
    if (answers.length > 0 && missing.length === answers.length && nothing)
      throw new HostsFailedError(missing, answers.length)

    const { sources, notes } = sourcesOf([...mirrors.values()], selection.since)
    const records = () => selectRecords(mergeRecords(ctx.planOnly ? [] : sources), selection)
    const width = Math.max(0, ...[...mirrors.keys()].map(name => name.length))
    const delivery = { records: records(), width, signal: ctx.signal }
    const path = out === undefined || ctx.planOnly ? undefined : resolve(ctx.paths.cwd, out)
    if (path === undefined) await deliver(delivery, text => ctx.print(text))
    else await deliverTo(path, delivery)

    const outcome = { user, source, answers, mirrors, notes }
    report(ctx, outcome)
    const data = {
      user,
      servers: answers.map(serverData),
      ...(path === undefined ? { records: new RecordList(records) } : { out: path }),
    }
    const lines = missingLines(outcome)
    if (lines.length === 0) return { data }
    ctx.emit({ type: 'result', data })
    throw new PartialResultError(
      [
        `${answers.length - missing.length} of ${answers.length} servers answered`,
        ...lines.map(line => `  ${line}`),
      ].join('\n'),
      { hint: `ask again when they are back: fleet logs ${user}` },
    )
  },
})
