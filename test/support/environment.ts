import type { Fleet } from '../../lib/fleet/model.ts'
import type { Environment } from '../../lib/task/environment.ts'
import { noConsole } from './console.ts'
import { folder } from './folder.ts'

/** What a run takes from outside, with nobody at the terminal and everything of the operator in one folder. */
export const testEnvironment = (
  fleet: Fleet,
  { home = folder(), ...more }: Partial<Environment> & { readonly home?: string } = {},
): Environment => ({
  fleet,
  on: [],
  planOnly: false,
  wait: 0,
  version: '0.0.0-test',
  concurrency: 4,
  timeout: 1000,
  yes: false,
  isInteractive: false,
  emit: () => undefined,
  print: () => undefined,
  ask: async () => false,
  console: noConsole,
  signal: new AbortController().signal,
  paths: { cwd: home, fleet: home, state: home, cache: home, home },
  env: {},
  now: () => new Date('2026-11-22T12:00:00Z'),
  ...more,
})
