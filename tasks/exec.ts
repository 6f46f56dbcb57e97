import { z } from 'zod'
import { defineTask, rawShell, UsageError } from '../lib/index.ts'
import { commandLine } from '../lib/exec/command-line.ts'
import { Fold, type Ended } from '../lib/exec/fold.ts'
import { hostRanges } from '../lib/exec/host-ranges.ts'
import { brokenCode, runEverywhere, type HostEnd } from '../lib/exec/run-everywhere.ts'
import { showGroups } from '../lib/exec/show.ts'
import { readStdin } from '../lib/exec/stdin.ts'

const textOf = ({ exitCode, stdout, stderr, cut }: Ended) => ({
  exitCode,
  stdout: stdout.toString('utf8'),
  stderr: stderr.toString('utf8'),
  ...(cut === 0 ? {} : { cut }),
})

/** 4 when a command failed somewhere, 5 when hosts were not reached and nothing else went wrong. */
function exitCodeOf(ends: readonly HostEnd[]): number {
  const codes = ends.map(end => ('error' in end ? brokenCode(end) : end.exitCode === 0 ? 0 : 4))
  if (codes.every(code => code === 0)) return 0
  return codes.every(code => code === 0 || code === 5) ? 5 : 4
}

export default defineTask({
  name: 'exec',
  summary: 'Run a command on the hosts, with their output folded where they agree',
  description:
    'The largest group of hosts that say the same is printed whole, others as a difference against it. Exit codes count ' +
    'too. Words after -- are quoted one by one; a single word is a shell line.\n' +
    'A megabyte of output is kept for each host; with --no-fold lines come as they are said, all of them.\n' +
    'Ends with 4 when the command failed somewhere, with 5 when hosts were not reached.',
  params: z.strictObject({
    command: z.array(z.string()).min(1).describe('the command and its arguments, or one shell line'),
    root: z.boolean().default(false).describe('run it as root'),
    fold: z.boolean().default(true).describe('show lines as they come, each under its host'),
    stdin: z
      .string()
      .min(1)
      .optional()
      .describe('send this file to it on every host; - for what is piped in'),
  }),
  args: ['command'],
  hosts: 'all',
  examples: [
    'fleet exec -- uptime',
    "fleet exec --on web -- 'df -h / | tail -1'",
    'fleet exec --root --no-fold --on sync -- journalctl -fu cron',
    'fleet exec --stdin check.sh -- sh -s',
  ],
  async run(ctx, { command: words, root, fold: folds, stdin }) {
    const line = commandLine(words)
    if (line.trim() === '' || line.includes('\0')) {
      throw new UsageError('there is no command to run', { hint: 'fleet exec -- uptime' })
    }
    const names = ctx.hosts.map(({ name }) => name)
    if (ctx.planOnly) {
      ctx.note(`would run on ${hostRanges(names)}${root ? ' as root' : ''}: ${line}`)
      return { data: { hosts: names, command: line } }
    }
    const input = stdin === undefined ? undefined : await readStdin(stdin, () => ctx.console.stdin())
    const command = input === undefined ? rawShell(line) : rawShell(line).input(input)
    const fold = new Fold(names)
    const ends = new Map<string, HostEnd>()
    try {
      await runEverywhere(ctx, {
        command,
        root,
        live: !folds,
        onEnd: (host, end) => {
          ends.set(host.name, 'error' in end ? end : fold.add(host.name, end))
        },
      })
    } finally {
      // Stopped by Ctrl-C, too: what has come is not lost.
      const groups = fold.groups()
      if (folds && groups.length > 0) ctx.print(await showGroups(groups))
    }
    const data = Object.fromEntries(
      ctx.hosts.flatMap(({ name }) => {
        const end = ends.get(name)
        if (end === undefined) return []
        return [[name, 'error' in end ? { error: end.error.message } : textOf(end)]]
      }),
    )
    return { data, exitCode: exitCodeOf([...ends.values()]) }
  },
})
