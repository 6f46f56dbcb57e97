import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../support/cli.ts'
import { folder } from '../support/folder.ts'

const FLEET = `import { ConfigError, defineFleet } from '../lib/index.ts'
if (process.env.REFUSES !== undefined) throw new ConfigError('not today', { hint: 'tomorrow' })
export default defineFleet({
  name: 'other', access: { user: 'deploy' }, roles: { web: {} },
  hosts: { theirs: { role: 'web', address: '203.0.113.1' } }, services: {},
})`

/** The source of another copy of this package, as a clone has it. */
const clone = folder({
  'package.json': '{\n  "name": "fleetfile",\n  "type": "module"\n}\n',
  'inventory/other.ts': FLEET,
  'tasks/hosts.ts': "export default defineTask({ name: 'hosts', summary: 'Another' })",
})
cpSync(join(repository, 'lib'), join(clone, 'lib'), { recursive: true })
symlinkSync(join(repository, 'node_modules'), join(clone, 'node_modules'))

function hosts(env: NodeJS.ProcessEnv = {}) {
  const command = `'${process.execPath}' '${join(repository, 'bin/fleet.js')}' hosts --fleet other 2>&1; echo "code $?"`
  const options = { cwd: clone, env: { ...process.env, HOME: clone, ...env }, encoding: 'utf8' } as const
  return execFileSync('sh', ['-c', command], options)
}

// These need `npm run build`: two copies are two only where one of them is the program.
describe.skipIf(!existsSync(join(repository, 'dist/bin/main.js')))('in the source of another copy', () => {
  test('its fleets are used, its tasks are not, and it is said', () => {
    const said = hosts()
    expect(said).toContain(`warning: ${clone} is another copy of fleetfile: what runs is ${repository}`)
    expect(said).toContain('theirs')
    expect(said).not.toContain('stands in for the built-in')
    expect(said).toMatch(/code 0\n$/)
  })

  test('what a fleet throws is an error of its own, not a bug of ours', () => {
    expect(hosts({ REFUSES: 'yes' })).toMatch(/error: not today\nhint: tomorrow\ncode 2\n$/)
  })
})
