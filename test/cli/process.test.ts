import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../support/cli.ts'
import { folder } from '../support/folder.ts'

const cwd = folder({
  'tasks/wait.ts': `
    import { z } from 'zod'
    import { defineTask } from 'fleetfile'
    export default defineTask({
      name: 'wait',
      summary: 'Print for ever, or until stopped',
      params: z.strictObject({ stubborn: z.boolean().default(false) }),
      hosts: 'none',
      needsFleet: false,
      async run(ctx, { stubborn }) {
        for (;;) {
          ctx.print('tick')
          await new Promise(resolve => setTimeout(resolve, 20))
          if (!stubborn) ctx.signal.throwIfAborted()
        }
      },
    })`,
  'tasks/write.ts': `
    import { z } from 'zod'
    import { defineTask } from 'fleetfile'
    export default defineTask({
      name: 'write',
      summary: 'Write, whatever is asked',
      params: z.strictObject({}),
      hosts: 'none',
      needsFleet: false,
      letGo: 'the receipt says who was written',
      async run(ctx) {
        for (;;) {
          ctx.print('tick')
          await new Promise(resolve => setTimeout(resolve, 20))
        }
      },
    })`,
  'tasks/chatty.ts': `
    import { z } from 'zod'
    import { defineTask } from 'fleetfile'
    export default defineTask({
      name: 'chatty',
      summary: 'Say much, then end',
      params: z.strictObject({}),
      hosts: 'none',
      needsFleet: false,
      async run(ctx) {
        for (let line = 0; line < 50_000; line += 1) ctx.note('a line that is long enough to fill a pipe soon')
        ctx.print('said')
      },
    })`,
  'tasks/broken.ts': `
    import { z } from 'zod'
    import { defineTask, file } from 'fleetfile'
    export default defineTask({
      name: 'broken',
      summary: 'Meet a bug',
      params: z.strictObject({}),
      hosts: 'none',
      needsFleet: false,
      async run(ctx) {
        ctx.print('before')
        file({ path: JSON.parse('null'), content: '' })
      },
    })`,
})

/** Starts the built command and calls `ready` with it when it first prints. Resolves when it has ended. */
function start(argv: readonly string[], ready: (child: ReturnType<typeof spawn>) => void) {
  const child = spawn(process.execPath, [join(repository, 'bin/fleet.js'), ...argv], {
    cwd,
    env: { ...process.env, HOME: cwd },
  })
  let stderr = ''
  child.stderr.on('data', chunk => (stderr += String(chunk)))
  child.stdout.once('data', () => ready(child))
  return new Promise<{ code: number | null; stderr: string }>(resolve => {
    child.on('close', code => resolve({ code, stderr }))
  })
}

// These need `npm run build`: signals and pipes are the process's own.
describe.skipIf(!existsSync(join(repository, 'dist/bin/main.js')))('the process', () => {
  test('stops at Ctrl-C', async () => {
    const { code, stderr } = await start(['wait'], child => child.kill('SIGINT'))
    expect(stderr).toContain('stopping..., again to let go at once')
    expect(stderr).toContain('error: stopped by SIGINT\n')
    expect(code).toBe(8)
  })

  test('says all of it to somebody who reads slowly', async () => {
    const child = spawn(process.execPath, [join(repository, 'bin/fleet.js'), 'chatty'], {
      cwd,
      env: { ...process.env, HOME: cwd },
    })
    await once(child.stdout, 'data')
    let stderr = ''
    child.stderr.on('data', chunk => (stderr += String(chunk)))
    await once(child, 'close')
    expect(stderr.match(/a line that is long/g)).toHaveLength(50_000)
  })

  test.each([
    [['wait', '--stubborn'], 'fleet runs shows where the hosts stand'],
    [['write'], 'the receipt says who was written'],
  ])('lets go of %j at the second Ctrl-C', async (argv, standing) => {
    const { code, stderr } = await start(argv, child => {
      child.kill('SIGINT')
      child.stderr?.once('data', () => child.kill('SIGINT'))
    })
    expect(stderr).toBe(`warning: stopping..., again to let go at once\nlet go: ${standing}\n`)
    expect(code).toBe(8)
  })

  test('tells a bug by the lines of the source', async () => {
    const { code, stderr } = await start(['broken'], () => undefined)
    expect(stderr).toContain(`${join(repository, 'lib/resource/check.ts')}:`)
    expect(stderr).toContain(`${join(repository, 'bin/execute.ts')}:`)
    expect(code).toBe(1)
  })

  test('ends without a word when nobody reads any more', async () => {
    expect(await start(['wait'], child => child.stdout?.destroy())).toEqual({ code: 8, stderr: '' })
  })
})
