import { expect, test } from 'vitest'
import { RunFleet } from '../support/run-fleet.ts'

test.each(['0s', '31s', 'soon', '-1s'])('--for %s is no time to pause for', async length => {
  const { exitCode, stderr } = await new RunFleet().run(['pause', 'app', `--for=${length}`])
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('at most 30s')])
})

test.each([
  ['pause', 'app'],
  ['maintenance', 'on', 'app'],
])('%s %s: a service without a proxy is refused', async (...line) => {
  const { exitCode, stderr } = await new RunFleet().run(line)
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('no proxy stands in front of app')])
})
