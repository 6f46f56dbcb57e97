import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { AbortedError, defineTask, UsageError } from '../lib/index.ts'
import { commandLine } from '../lib/exec/command-line.ts'
import { admitAll } from '../lib/proxy/admission.ts'
import { frontOf } from '../lib/proxy/front.ts'
import { leasesOn, takeLeases } from '../lib/lease/lease.ts'
import { formatDuration, parseDuration } from '../lib/text/duration.ts'

/** Milliseconds; users and their programs wait no longer. The proxies' own limit is the same. */
const LONGEST = 30_000

export default defineTask({
  name: 'pause',
  summary: 'Hold new requests at the proxies for a few seconds, then let them through',
  description:
    'For work that nothing may be written during: requests wait and are then answered by the live slot; none fails. What ' +
    'is under way goes on. A hold ends by itself on the proxies, whatever becomes of this command. With a command after --, ' +
    "which runs on this machine meanwhile, the hold ends with the command, and the exit code is the command's.",
  params: z.strictObject({
    service: z.string().meta({ description: 'a service behind a proxy', names: 'service' }),
    command: z.array(z.string()).default([]).describe('a command on this machine, or one shell line'),
    for: z.string().default('5s').describe('how long, 30s at most'),
  }),
  args: ['service', 'command'],
  hosts: 'all',
  examples: ['fleet pause web --for 10s', 'fleet pause web --for 20s -- ./migrate.sh'],
  async run(ctx, { service: name, command, for: length }) {
    const milliseconds = parseDuration(length) ?? 0
    if (milliseconds <= 0 || milliseconds > LONGEST) {
      throw new UsageError(`--for: must be a duration of at most 30s, not "${length}"`, {
        hint: `fleet pause ${name} --for 10s; for longer: fleet maintenance on ${name}`,
      })
    }
    const { hosts, proxies, anyhow } = frontOf(ctx, name)
    const line = commandLine(command)
    const where = hosts.map(host => host.name).join(', ')
    if (ctx.planOnly) {
      ctx.note(`would hold requests to ${name} on ${where} for ${formatDuration(milliseconds)}`)
      return { data: { service: name, milliseconds } }
    }
    await using _held = await takeLeases(ctx, leasesOn(hosts, name))
    await admitAll(proxies, { holdSeconds: milliseconds / 1000 }, anyhow)
    const began = performance.now()
    ctx.note(`${name}: requests are held on ${where} for ${formatDuration(milliseconds)} at most`)
    let exitCode = 0
    try {
      if (line === '')
        await setTimeout(milliseconds, undefined, { signal: ctx.signal }).catch(() => undefined)
      else exitCode = await ctx.console.run('sh', ['-c', line])
    } finally {
      // Whoever stops this must not keep users waiting.
      await admitAll(anyhow, { holdSeconds: 0 }).catch(() =>
        ctx.warn('the hold could not be ended early: it ends by itself'),
      )
    }
    const took = Math.round(performance.now() - began)
    if (line === '' && ctx.signal.aborted) {
      throw new AbortedError(`stopped: requests to ${name} were held for ${formatDuration(took)}`, {
        hint: `fleet pause ${name} --for ${length}`,
      })
    }
    const isLate = line !== '' && took > milliseconds
    if (isLate) {
      ctx.warn(`the command took ${formatDuration(took)}: requests were let through before it ended`)
    }
    const held = Math.min(took, milliseconds)
    ctx.print(`${name}: requests were held for ${formatDuration(held)}`)
    return {
      data: { service: name, milliseconds: held, ...(line === '' ? {} : { exitCode }) },
      exitCode: exitCode === 0 && isLate ? 9 : exitCode,
    }
  },
})
