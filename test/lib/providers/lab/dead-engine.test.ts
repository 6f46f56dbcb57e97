import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { forgetDeadEngine, leftPidFiles } from '../../../../lib/providers/lab/dead-engine.ts'

const CONTAINERD = 'docker/containerd/containerd'

async function aRun(pids: Readonly<Record<string, number | string>>): Promise<string> {
  const run = await mkdtemp(join(tmpdir(), 'fleet-run-'))
  await mkdir(join(run, 'docker/containerd'), { recursive: true })
  await Promise.all(Object.entries(pids).map(([file, pid]) => writeFile(join(run, file), String(pid))))
  return run
}

/** A process whose command line is containerd's, as dockerd starts it. */
async function aContainerd(seconds: number): Promise<number> {
  const config = '/var/run/docker/containerd/containerd.toml'
  const child = spawn('perl', ['-e', `$| = 1; print 1; sleep ${seconds}`, config])
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

const forget = (run: string) => execa('sh', ['-c', forgetDeadEngine(run)])

test('knows whether an engine left its process numbers', async () => {
  expect(await leftPidFiles(await aRun({}))).toBe(false)
  expect(await leftPidFiles(await aRun({ 'docker.pid': 1 }))).toBe(true)
  expect(await leftPidFiles(await aRun({ [`${CONTAINERD}.pid`]: 1 }))).toBe(true)
  expect(await leftPidFiles('/nowhere')).toBe(false)
})

test.each([
  ['of another process', process.pid],
  ['of none', 4_194_305],
  ['that was never written', ''],
])('forgets a number %s, and may run twice', async (_, pid) => {
  const run = await aRun({ 'docker.pid': pid, [`${CONTAINERD}.pid`]: pid })
  await forget(run)
  expect((await forget(run)).stderr).toBe('')
  expect(await leftPidFiles(run)).toBe(false)
})

test('leaves a containerd that still serves to the dockerd that comes', async () => {
  const run = await aRun({ [`${CONTAINERD}.pid`]: await aContainerd(60) })
  const server = createServer().listen(join(run, `${CONTAINERD}.sock`))
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  await forget(run)
  expect(existsSync(join(run, `${CONTAINERD}.pid`))).toBe(true)
})

test('waits for a containerd that has closed its socket and still ends', async () => {
  const pid = await aContainerd(1)
  const run = await aRun({ [`${CONTAINERD}.pid`]: pid })
  await forget(run)
  expect(await leftPidFiles(run)).toBe(false)
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})
