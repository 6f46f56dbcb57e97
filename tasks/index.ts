import type { TaskEntry } from '../lib/task/entry.ts'

/**
 * Every task, by the words of its command. Nothing is loaded until it is asked for, so `fleet --help` stays as quick
 * as Node itself; a test holds names and summaries equal to the tasks' own.
 */
export const tasks: readonly TaskEntry[] = [
  {
    name: 'completion',
    summary: 'Print a script that completes commands in the shell',
    load: () => import('./completion.ts'),
  },
  { name: 'hosts', summary: 'List the hosts of the fleet', load: () => import('./hosts.ts') },
]
