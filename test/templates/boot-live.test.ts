import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { answerLive } from '../../templates/shell/answer-live.ts'
import { bootLive } from '../../templates/shell/boot-live.ts'
import { folder } from '../support/folder.ts'

function program(path: string, text: string): string {
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  return path
}

/** A host of a pair: what is live on it, what it remembers of it, and its answers. */
function machine(at: string) {
  const places = { folder: join(at, 'run'), state: join(at, 'state') }
  for (const path of Object.values(places)) mkdirSync(path, { recursive: true })
  writeFileSync(join(places.state, 'dock.lock'), '')
  const file = join(places.folder, 'dock')
  const mark = join(places.state, 'dock')
  const answer = program(join(at, 'answer-live'), answerLive(places))
  const ask = (service: string) =>
    spawnSync(answer, { env: { ...process.env, SSH_ORIGINAL_COMMAND: service }, encoding: 'utf8', input: '' })
  return { places, file, mark, answer, ask }
}

/** Both hosts, one of which boots; `silent` is the other one. */
function pair({ silent = false } = {}) {
  const at = folder()
  const own = machine(join(at, 'own'))
  const other = machine(join(at, 'other'))
  const bin = join(at, 'bin')
  mkdirSync(bin)
  // What is asked for is the last word, as with the real one; waits are short.
  program(
    join(bin, 'ssh'),
    `#!/bin/sh\nfor last; do :; done\n${silent ? 'exit 255' : `SSH_ORIGINAL_COMMAND=$last exec ${other.answer}`}\n`,
  )
  program(join(bin, 'sleep'), '#!/bin/sh\nexec /bin/sleep 0.05\n')
  const path = program(join(at, 'boot-live'), bootLive({ ...own.places, ssh: 'ssh' }))
  let said = ''
  const boot = () => {
    const child = spawn(path, ['dock', '22', '192.0.2.2'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    })
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')))
    onTestFinished(() => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    })
    return new Promise<void>(resolve => child.on('exit', () => resolve()))
  }
  return { own, other, boot, said: () => said }
}

test('what was live goes on when the other host has none of it', async () => {
  const { own, boot, said } = pair()
  writeFileSync(own.mark, 'live\n')
  await boot()
  expect(readFileSync(own.file, 'utf8')).toBe('live\n')
  expect(said()).toBe('dock goes on here\n')
})

test('what was not live does not begin, and nobody is asked', async () => {
  const { own, boot, said } = pair({ silent: true })
  await boot()
  expect(existsSync(own.file)).toBe(false)
  expect(said()).toBe('')
})

test('what runs on the other host by now is forgotten', async () => {
  const { own, other, boot, said } = pair()
  writeFileSync(own.mark, 'live\n')
  writeFileSync(other.file, 'live\n')
  await boot()
  expect([existsSync(own.file), existsSync(own.mark)]).toEqual([false, false])
  expect(said()).toBe('dock runs on 192.0.2.2 by now\n')
})

test.each([
  ['that remembers it as well', { remembers: true }],
  ['that does not answer', { silent: true }],
])(
  'with another host %s nothing begins, until fleet says where it runs',
  async (_, { remembers, silent }: Case) => {
    const { own, other, boot, said } = pair({ silent })
    writeFileSync(own.mark, 'live\n')
    if (remembers === true) writeFileSync(other.mark, 'live\n')
    const ended = boot()
    if (silent === true)
      await expect
        .poll(said, { timeout: 20_000 })
        .toBe('waiting for 192.0.2.2 to say that dock does not run there\n')
    expect(existsSync(own.file)).toBe(false)
    // What a run does that takes it away.
    writeFileSync(own.file, '')
    await ended
    expect(readFileSync(own.file, 'utf8')).toBe('')
  },
)

interface Case {
  readonly remembers?: boolean
  readonly silent?: boolean
}

/** A process that holds a lock, once it does; ends it when called. */
const held = (path: string, how: string): Promise<() => void> => {
  const holder = spawn('flock', [how, path, 'sh', '-c', 'echo; exec sleep 60'], { detached: true })
  return new Promise(resolve =>
    holder.stdout.once('data', () =>
      resolve(() => {
        if (holder.pid !== undefined) process.kill(-holder.pid, 'SIGKILL')
      }),
    ),
  )
}

test('what still runs although it may not is live; what is being brought is claimed', async () => {
  const { file, mark, ask } = machine(folder())
  expect(ask('dock').stdout).toBe('free\n')
  writeFileSync(file, '')
  expect(ask('dock').stdout).toBe('free\n')
  const endWork = await held(file, '-s')
  expect(ask('dock').stdout).toBe('live\n')
  endWork()
  const endBringing = await held(`${mark}.lock`, '-x')
  expect(ask('dock').stdout).toBe('claimed\n')
  endBringing()
})

test.each([[''], ['../dock'], ['dock; id'], ['none']])(
  'what is no service of the host is not answered: %s',
  text => {
    const { ask } = machine(folder())
    const { stdout, status } = ask(text)
    expect(stdout).toBe('')
    expect(status).not.toBe(0)
  },
)

test('while the other host acts on its answer, nothing can be brought here', async () => {
  const { mark, answer } = machine(folder())
  const child = spawn(answer, { env: { ...process.env, SSH_ORIGINAL_COMMAND: 'dock' } })
  await new Promise(resolve => child.stdout.once('data', resolve))
  const free = () => spawnSync('flock', ['-x', '-n', `${mark}.lock`, 'true']).status === 0
  expect(free()).toBe(false)
  child.stdin.end()
  await expect.poll(free, { timeout: 20_000 }).toBe(true)
})
