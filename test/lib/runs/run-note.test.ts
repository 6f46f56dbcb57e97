import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { newNonce } from '../../../lib/resource/program.ts'
import { endedOf } from '../../../lib/runs/ended.ts'
import { noteRun, RunNote } from '../../../lib/runs/run-note.ts'
import { readAnswer } from '../../../lib/runs/read-answer.ts'
import { readProgram } from '../../../lib/runs/read-program.ts'
import { isWhole } from '../../../lib/transport/stdin.ts'
import type { ExecOptions } from '../../../lib/transport/transport.ts'
import { testRecord } from '../../support/record.ts'
import { RunHost } from '../../support/run-folders.ts'

const record = testRecord({
  id: '20261122T120000-bbbb',
  task: 'exec',
  params: { command: ['printf', `'"$@%s\\n`, '__END__', 'größer\n$(reboot)'] },
  message: '@{[die]} \\',
})
const ended = endedOf(new Date(), 4)

/** All that comes of a stream whose client dies. */
async function* firstOf(stdin: ExecOptions['stdin']): AsyncGenerator<Uint8Array> {
  if (stdin === undefined || isWhole(stdin)) throw new Error('no stream')
  for await (const chunk of stdin) return yield chunk
}

async function heldBy(host: RunHost) {
  const nonce = newNonce()
  const query = { runs: { newest: 10 }, journals: 'none', audit: 100_000 } as const
  const { stdout } = await host.transport.exec('sh', { stdin: readProgram(query, nonce) })
  return readAnswer(nonce, stdout)
}

test('a host that never ran anything holds the run, as it was and how it ended', async () => {
  const host = new RunHost('web1')
  await noteRun(host.transport, record, ended)
  const answer = await heldBy(host)
  expect(answer?.runs).toMatchObject([{ id: record.id, record, ended }])
  const { id: run, task, params, owner, message } = record
  expect(answer?.audit).toMatchObject([{ run, task, params, owner, message, outcome: 'ran', exitCode: 4 }])
  expect(Math.abs(Date.parse(answer?.audit[0]?.at ?? '') - Date.now())).toBeLessThan(60_000)
})

test('nobody else may read it, and no new file is left over', async () => {
  const host = new RunHost('web1').write(record.id, 'run.json', 'the record before')
  await noteRun(host.transport, record, ended)
  const folder = join(host.root, 'runs', record.id)
  expect(readdirSync(folder).toSorted()).toEqual(['ended.json', 'run.json'])
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
  expect([join(host.root, 'runs'), folder].map(modeOf)).toEqual(['700', '700'])
  expect([join(folder, 'run.json'), join(host.root, 'audit.jsonl')].map(modeOf)).toEqual(['600', '600'])
})

test('hosts that are one machine under several names do not get into each other', async () => {
  const host = new RunHost('web1')
  const notes = [...Array(8).keys()].map(() => new RunNote(host.transport, record))
  expect(await Promise.all(notes.map(note => note.end(ended)))).toEqual(notes.map(() => true))
  expect(await heldBy(host)).toMatchObject({ runs: [{ record, ended }], audit: notes.map(() => ({})) })
})

test('of a program that was cut anywhere nothing runs', async () => {
  const host = new RunHost('web1')
  const { rewrite } = host.transport
  let whole = ''
  host.transport.rewrite = script => ((whole = script), '')
  await expect(noteRun(host.transport, record, ended)).rejects.toThrow('perl ended with exit code 0')
  const begun = whole.indexOf('\nbegun\n') + 1
  for (const end of [...Array(Math.floor(begun / 97)).keys()].map(each => each * 97)) {
    host.transport.rewrite = script => rewrite(script.slice(0, end))
    await expect(noteRun(host.transport, record, ended)).rejects.toThrow('perl ended with exit code')
  }
  expect(existsSync(join(host.root, 'runs'))).toBe(false)
})

test('what cannot be written is told with the reason', async () => {
  const host = new RunHost('web1')
  mkdirSync(join(host.root, 'audit.jsonl'))
  await expect(noteRun(host.transport, record, ended)).rejects.toThrow(/audit\.jsonl: Is a directory/)
})

describe('a note that is begun before the commands', () => {
  test('holds the record at once, and how the run ended once it is told', async () => {
    const host = new RunHost('web1')
    const note = new RunNote(host.transport, record)
    await expect.poll(() => existsSync(host.path(record.id, 'run.json'))).toBe(true)
    expect(await heldBy(host)).toMatchObject({ runs: [{ record }], audit: [] })
    expect(await note.end(ended)).toBe(true)
    expect(await heldBy(host)).toMatchObject({ runs: [{ record, ended }], audit: [{ exitCode: 4 }] })
  })

  test('says that it was not told the end when its client is gone', async () => {
    const host = new RunHost('web1')
    const exec = host.transport.exec.bind(host.transport)
    host.transport.exec = (command, options) => exec(command, { ...options, stdin: firstOf(options?.stdin) })
    const note = new RunNote(host.transport, record)
    await expect.poll(() => existsSync(join(host.root, 'audit.jsonl'))).toBe(true)
    host.transport.exec = exec
    const answer = await heldBy(host)
    expect(answer?.runs).toMatchObject([{ id: record.id, record }])
    expect(answer?.runs[0]?.ended).toBeUndefined()
    expect(answer?.audit).toMatchObject([{ run: record.id, task: 'exec', outcome: 'ran', error: 'cut' }])
    expect(answer?.audit[0]?.exitCode).toBeUndefined()
    expect(await note.end(ended)).toBe(false)
  })

  test('leaves no line when it is dropped', async () => {
    const host = new RunHost('web1')
    await new RunNote(host.transport, record).drop()
    expect(await heldBy(host)).toMatchObject({ runs: [{ record }], audit: [] })
  })

  test('that cannot be written has not noted the end', async () => {
    const host = new RunHost('web1')
    mkdirSync(join(host.root, 'audit.jsonl'))
    expect(await new RunNote(host.transport, record).end(ended)).toBe(false)
  })

  test('of a host that says nothing is given up, and not begun again', async () => {
    const host = new RunHost('web1')
    let asked = 0
    host.transport.exec = () => new Promise(() => (asked += 1))
    const end = new RunNote(host.transport, record, 20).end(ended)
    await expect(end).rejects.toMatchObject({ message: 'web1: no answer within 0.02 s', exitCode: 4 })
    expect(await new RunNote(host.transport, record, 20).drop()).toBe(false)
    expect(asked).toBe(2)
  })
})
