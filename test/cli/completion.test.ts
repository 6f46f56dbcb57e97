import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { completionScript, type Shell } from '../../lib/ui/completion.ts'
import { cli } from '../support/cli.ts'
import { folder, smallFleet } from '../support/folder.ts'
import { echo, entriesOf } from '../support/tasks.ts'

const tasks = [
  ...entriesOf(echo),
  { name: 'workers show', summary: 'Show them', load: () => Promise.reject(new Error()) },
]

async function candidates(...words: string[]): Promise<string[]> {
  const { stdout } = await cli(['__complete', '--', ...words], { tasks })
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.split('\t', 1)[0] ?? '')
}

describe('what can stand at the cursor', () => {
  test.each<[string, string[]]>([
    ['', ['workers']],
    ['wo', ['workers']],
    ['workers ', ['set', 'show']],
    ['workers s', ['set', 'show']],
    ['workers set --mo', ['--mode']],
    ['workers set --mode ', ['gently', 'now']],
    ['workers set --mode=n', ['--mode=now']],
    ['workers set --service w', ['web']],
    ['nothing ', []],
    ['--fleet ', ['lab']],
    ['--on w', ['web1', 'web2', 'web']],
    ['workers set --on lb1,!we', ['lb1,!web1', 'lb1,!web2', 'lb1,!web']],
    ['--timeout ', []],
  ])('fleet %s', async (line, expected) => {
    expect(await candidates(...line.split(' '))).toEqual(expected)
  })

  test('hosts of the fleet named on the line', async () => {
    const cwd = folder({ 'inventory/shop.ts': smallFleet('shop', `till1: { role: 'web' }`) })
    const { stdout } = await cli(['__complete', '--', '--fleet', 'shop', '--on', 'ti'], { cwd })
    expect(stdout).toBe('till1\n')
  })

  test('a broken fleet completes to nothing, silently', async () => {
    const cwd = folder({ 'inventory/shop.ts': 'export default' })
    expect(await cli(['__complete', '--', '--fleet', 'shop', '--on', ''], { cwd })).toEqual({
      stdout: '',
      stderr: '',
      exitCode: 0,
    })
  })
})

test('fleet completion prints a script', async () => {
  const { stdout, exitCode } = await cli(['completion', 'bash'])
  expect(stdout).toBe(completionScript('bash'))
  expect(exitCode).toBe(0)
})

/** How a shell is asked what it would offer for a line. */
const ASK: Readonly<Record<Shell, (script: string, line: string) => readonly string[]>> = {
  bash: (script, line) => [
    '-c',
    `source ${script}; COMP_LINE=$1 COMP_POINT=\${#1}; _fleet 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    line,
  ],
  fish: (script, line) => ['--no-config', '-c', `source ${script}; complete -C '${line}'`],
  zsh: (script, line) => ['-f', join(import.meta.dirname, 'complete.zsh'), script, line],
}

const has = (shell: Shell) => {
  try {
    execFileSync(shell, ['-c', 'true'])
    return true
  } catch {
    return false
  }
}

test.skipIf(!has('fish'))('fish offers files where fleet knows nothing', () => {
  const bin = folder({ fleet: '#!/bin/sh\n', script: completionScript('fish'), 'plan.json': '' })
  chmodSync(join(bin, 'fleet'), 0o755)
  const options = { cwd: bin, env: { PATH: `${bin}:${process.env.PATH ?? ''}`, HOME: bin, TERM: 'dumb' } }
  const offered = execFileSync('fish', ASK.fish(join(bin, 'script'), 'fleet apply pl'), options)
  expect(String(offered)).toContain('plan.json')
})

describe.each<Shell>(['bash', 'zsh', 'fish'])('in %s', shell => {
  // A `fleet` that says which words it got, so that the shell's part is tested alone.
  const bin = folder({
    fleet: `#!/bin/sh\nshift 2\nprintf 'web%s\\tabout a host\\nweb-last\\tmore\\n' "$#"\n`,
    script: completionScript(shell),
  })
  chmodSync(join(bin, 'fleet'), 0o755)

  test.skipIf(!has(shell)).each(['fleet hosts --role w', 'fleet hosts --role '])('%s', line => {
    const output = execFileSync(shell, ASK[shell](join(bin, 'script'), line), {
      env: { PATH: `${bin}:${process.env.PATH ?? ''}`, HOME: bin, TERM: 'dumb' },
      encoding: 'utf8',
    })
    expect(output.split('\n').map(each => each.split('\t', 1)[0]?.trim())).toEqual(
      expect.arrayContaining(['web3', 'web-last']),
    )
  })
})
