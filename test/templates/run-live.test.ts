import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runLive } from '../../templates/shell/run-live.ts'
import { folder } from '../support/folder.ts'

/** The program with a folder of its own, as it lies on a host. */
function program() {
  const at = folder({ 'run-live': '' })
  const path = join(at, 'run-live')
  writeFileSync(path, runLive({ folder: at }))
  chmodSync(path, 0o755)
  const file = join(at, 'web')
  /** Whether somebody else may have all of it: nothing that is live runs. */
  const isFree = () => spawnSync('flock', ['-x', '-n', file, 'true']).status === 0
  return { at, path, file, isFree }
}

test('a job runs where the host is live, and nowhere else', () => {
  const { at, path, file } = program()
  const job = () => spawnSync(path, ['web', 'skip', 'touch', join(at, 'ran')])
  expect(job().status).toBe(0)
  writeFileSync(file, '')
  expect(job().status).toBe(0)
  expect(existsSync(join(at, 'ran'))).toBe(false)
  writeFileSync(file, 'live\n')
  expect(job().status).toBe(0)
  expect(existsSync(join(at, 'ran'))).toBe(true)
})

test('a program waits until its host is live; what it started keeps the lock until it has ended', async () => {
  const { at, path, file, isFree } = program()
  writeFileSync(file, '')
  const child = spawn(path, ['web', 'keep', 'sh', '-c', `touch ${join(at, 'ran')}; sleep 600 & wait`], {
    detached: true,
    stdio: 'ignore',
  })
  const end = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  onTestFinished(() => {
    try {
      end()
    } catch {
      // It has ended.
    }
  })
  expect(isFree()).toBe(true)
  writeFileSync(file, 'live\n')
  await expect.poll(() => existsSync(join(at, 'ran')), { timeout: 20_000 }).toBe(true)
  expect(isFree()).toBe(false)
  child.kill('SIGKILL')
  expect(isFree()).toBe(false)
  end()
  await expect.poll(isFree, { timeout: 20_000 }).toBe(true)
})
