import type { RunTask } from '../../bin/cli.ts'
import { noConsole } from './console.ts'
import { testRecord } from './record.ts'

const refuse = () => {
  throw new Error('an offline task reached for a host')
}

/** Runs a task that needs no host. */
export const runOffline: RunTask = async (task, params, environment) => {
  const { fleet, emit, print, signal, paths, planOnly, concurrency, timeout, env, now } = environment
  emit({ type: 'run-started', task: task.name, fleet: fleet.name, hosts: [] })
  const result = await task.run(
    {
      fleet,
      hosts: [],
      allHosts: [],
      provider: { name: 'offline', list: async () => [], create: refuse, destroy: refuse },
      runId: 'run-1',
      owner: 'test@here',
      record: testRecord(),
      wait: 0,
      pin: () => undefined,
      abandon: () => undefined,
      paths,
      env,
      planOnly,
      stepsBegun: () => 0,
      concurrency,
      timeout,
      signal,
      emit,
      now,
      phase: title => emit({ type: 'phase', title }),
      note: text => emit({ type: 'note', text }),
      warn: text => emit({ type: 'warning', text }),
      print,
      on: refuse,
      connectAs: refuse,
      connectFresh: refuse,
      each: refuse,
      apply: refuse,
      console: noConsole,
      secret: refuse,
      confirm: refuse,
    },
    params,
  )
  return result ?? {}
}
