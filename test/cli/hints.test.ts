import { readFileSync, readdirSync } from 'node:fs'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addGlobals } from '../../bin/globals.ts'
import { describeParams } from '../../lib/task/params.ts'
import { tasks } from '../../tasks/index.ts'

/** Stands for what a template fills in: any one word. */
const ANY = '\u0001'
const root = new URL('../../', import.meta.url)
/** What else follows `fleet` there: a name in our own code, and what stands for every command. */
const OTHER = /^([:}]|__complete\b|<command>|files?\b)/

const sources = ['lib', 'bin', 'tasks'].flatMap(room =>
  readdirSync(new URL(room, root), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => `${room}/${name}`),
)

/** The commands that a source tells the operator to type: after a quote or a mark, not in the middle of a sentence. */
function commandsIn(source: string): string[] {
  const code = source
    .replaceAll(/\/\*\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
    .replaceAll(/\$\{[^{}]*\}/g, ANY)
    // A template inside a template, by now without its own braces.
    .replaceAll(/\$\{[^{}]*\}/g, ANY)
  return [...code.matchAll(/(?:['"`(]|[:;?,&|] |=\w+ )fleet ([^'"`;,()&|\n]+)/g)].map(([, rest = '']) =>
    rest.trim(),
  )
}

const told = sources.flatMap(file =>
  commandsIn(readFileSync(new URL(file, root), 'utf8'))
    .filter(line => !OTHER.test(line))
    .map(line => [line.replaceAll(ANY, '<...>'), file, line] as const),
)

const fits = (name: string, words: readonly string[]): boolean =>
  name.split(' ').every((word, index) => words[index] === word || words[index] === ANY)

const globals = [...addGlobals(new Command()).options.map(({ long }) => long ?? ''), '--help', '--version']

test('the sources do tell commands', () => {
  expect(told.length).toBeGreaterThan(50)
  expect(told.map(([, , line]) => line)).toContain('lab up --install')
})

test.each(told)('fleet %s (%s) can be typed', async (_shown, _file, line) => {
  // What follows `--` is a command of its own.
  const [words = []] = [line.split(/\s+--(?:\s|$)/)[0]?.split(/\s+/)]
  const options = words.filter(word => word.startsWith('--')).map(word => word.split('=')[0] ?? '')
  const [first = ''] = words
  if (first.startsWith('--')) {
    expect(globals).toEqual(expect.arrayContaining(options))
    return
  }
  const entries = tasks.filter(({ name }) => fits(name, words) || (first === ANY && words.length === 1))
  expect(entries, `no task is called ${line}`).not.toEqual([])
  const known = await Promise.all(
    entries.map(async entry => describeParams((await entry.load()).default).map(({ name }) => `--${name}`)),
  )
  const all = new Set([...globals, ...known.flat()])
  expect(options.filter(option => !all.has(option) && !all.has(option.replace('--no-', '--')))).toEqual([])
})
