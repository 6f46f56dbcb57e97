import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AbortedError } from '../../../lib/errors.ts'
import type { FleetEvent } from '../../../lib/events/event.ts'
import { applyResources } from '../../../lib/resource/apply.ts'
import type { ExecOptions, Transport } from '../../../lib/transport/transport.ts'
import { RunHost } from '../../support/run-folders.ts'
import { script } from '../../support/script-resource.ts'

/** Somebody who has the lock of the host, until told to let go. */
async function holder(lock: string) {
  writeFileSync(lock, 'bob@desk\nrun-b\n2026-11-22T12:00:00Z\n\n')
  const process = spawn('flock', [lock, 'sh', '-c', 'echo; exec cat'])
  await once(process.stdout, 'data')
  return async () => {
    process.stdin.end()
    await once(process, 'close')
  }
}

/** A host whose lock somebody has, and a run of two steps that waits for it; the first step waits for the file `on`. */
async function waitingRun() {
  const machine = new RunHost('web1')
  const folder = join(machine.root, 'run')
  const at = (name: string) => join(machine.root, name)
  machine.transport.rewrite = text =>
    text.replaceAll('/var/lib/fleetfile', machine.root).replaceAll('/run/fleetfile', folder)
  mkdirSync(folder)
  const letGo = await holder(join(folder, 'lock'))
  let isSilent = false
  /** What the host says can be held up on its way to us. */
  const transport: Transport = {
    host: 'web1',
    user: 'deploy',
    cost: machine.transport.cost,
    exec: (command, options: ExecOptions = {}) =>
      machine.transport.exec(command, {
        ...options,
        onStdout: chunk => (isSilent && options.signal !== undefined ? undefined : options.onStdout?.(chunk)),
      }),
    forward: () => machine.transport.forward(),
    close: () => machine.transport.close(),
  }
  const controller = new AbortController()
  const events: FleetEvent[] = []
  const resources = [
    script('first', `echo first >>${at('steps')}; until [ -e ${at('on')} ]; do sleep 0.05; done`),
    script('second', `echo second >>${at('steps')}`),
  ]
  const running = applyResources(transport, resources, {
    mode: 'apply',
    root: true,
    runId: 'run-a',
    owner: 'ann@laptop',
    wait: 60_000,
    emit: event => events.push(event),
    signal: controller.signal,
  }).catch((error: unknown) => error)
  await expect
    .poll(() => events.some(event => event.type === 'note' && event.text.startsWith('waiting: held by bob')))
    .toBe(true)
  const steps = () => (existsSync(at('steps')) ? readFileSync(at('steps'), 'utf8') : '')
  const stop = machine.path('run-a', 'stop')
  return {
    running,
    letGo,
    steps,
    abort: () => controller.abort(),
    isAsked: () => existsSync(stop),
    silence: () => (isSilent = true),
    goOn: () => writeFileSync(at('on'), ''),
  }
}

test('Ctrl-C while it waits for the lock: nothing is begun, not even when the lock is free later', async () => {
  const run = await waitingRun()
  run.abort()
  const error = await run.running
  expect(error).toBeInstanceOf(AbortedError)
  expect(error).toMatchObject({ message: 'web1: stopped before its first step' })
  // Whatever of it still waits on the host finds that it is to begin nothing.
  expect(run.isAsked()).toBe(true)
  await run.letGo()
  expect(run.steps()).toBe('')
})

test('Ctrl-C when it has just got the lock, and the word of it is on its way: its step ends, and that is told', async () => {
  const run = await waitingRun()
  run.silence()
  await run.letGo()
  await expect.poll(run.steps, { timeout: 20_000 }).toBe('first\n')
  run.abort()
  await expect.poll(run.isAsked, { timeout: 20_000 }).toBe(true)
  run.goOn()
  expect(await run.running).toMatchObject({ message: 'web1: stopped after 1 of 2 steps', exitCode: 8 })
  expect(run.steps()).toBe('first\n')
})
