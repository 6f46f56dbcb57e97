import { describeParams, type Param } from '../lib/task/params.ts'
import { tasks } from './index.ts'

/** The parameters of those of the named tasks that are built in: how a record of theirs is written as a command. */
export async function knownParams(names: readonly string[]): Promise<ReadonlyMap<string, readonly Param[]>> {
  const entries = tasks.filter(({ name }) => names.includes(name))
  return new Map(
    await Promise.all(
      entries.map(async entry => [entry.name, describeParams((await entry.load()).default)] as const),
    ),
  )
}
