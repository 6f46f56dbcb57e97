import { z } from 'zod'
import { defineTask } from '../../lib/task/define.ts'
import type { TaskEntry } from '../../lib/task/entry.ts'
import type { Task } from '../../lib/task/define.ts'

/** A task that gives back what it was called with. */
export const echo = defineTask({
  name: 'workers set',
  summary: 'Set how many workers run',
  params: z.strictObject({
    count: z.number().int().min(0).max(64).describe('workers a host'),
    mode: z.enum(['gently', 'now']).default('gently').describe('how'),
    dryRun: z.boolean().default(false).describe('only look'),
    tag: z.array(z.string()).default([]).describe('labels'),
    service: z.string().optional().meta({ names: 'service', description: 'a service' }),
    host: z.string(),
    others: z.array(z.string()).default([]),
  }),
  args: ['host', 'others'],
  hosts: 'none',
  needsFleet: false,
  examples: ['fleet workers set --count 3 web1'],
  run: async (_, params) => ({ data: params }),
})

/** Tasks as entries of an index. */
export const entriesOf = (...tasks: readonly Task[]): readonly TaskEntry[] =>
  tasks.map(task => ({ name: task.name, summary: task.summary, load: async () => ({ default: task }) }))
