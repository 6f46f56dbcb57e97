import { expect, test } from 'vitest'
import { readGlobals, addGlobals } from '../../bin/globals.ts'
import { Command } from 'commander'
import { describeParams } from '../../lib/task/params.ts'
import { tasks } from '../../tasks/index.ts'

test('no name stands twice', () => {
  expect(new Set(tasks.map(({ name }) => name)).size).toBe(tasks.length)
})

test.each(tasks.map(entry => [entry.name, entry] as const))('%s is what the index says', async (_, entry) => {
  const { default: task } = await entry.load()
  expect({ name: task.name, summary: task.summary }).toEqual({ name: entry.name, summary: entry.summary })
  expect(task.summary).toMatch(/^[A-Z].*[^.]$/)
  const globals = addGlobals(new Command()).options.map(option => option.attributeName())
  const params = describeParams(task)
  for (const param of params) {
    expect(
      [...globals, 'help', 'version'],
      `${task.name} --${param.name} hides a global option`,
    ).not.toContain(param.key)
    expect(param.description, `--${param.name} has no description`).not.toBe('')
  }
  for (const arg of task.args ?? []) expect(params.map(({ key }) => key)).toContain(arg)
  for (const example of task.examples ?? []) expect(example).toMatch(/\bfleet\b/)
})

test('without global options their defaults hold', () => {
  expect(readGlobals(addGlobals(new Command()))).toEqual({
    fleet: undefined,
    on: [],
    json: false,
    yes: false,
    planOnly: false,
    concurrency: 10,
    timeout: 600_000,
    verbosity: 0,
    wait: 0,
    message: undefined,
  })
})
