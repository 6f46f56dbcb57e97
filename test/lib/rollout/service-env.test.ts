import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { resolveEnv, shellEnvFile } from '../../../lib/rollout/service-env.ts'
import { Secret } from '../../../lib/shell/secret.ts'
import { fleetHost } from '../../support/fleet-host.ts'

const sources = {
  hosts: [fleetHost('db1', 'database', '10.0.0.9')],
  secret: async (name: string) => new Secret(name, `it's $HOME "quoted"\n`),
}

test('addresses and secrets are filled in, and a real sh reads back what was meant', async () => {
  const env = await resolveEnv(
    { COUNT: 15, TEXT: 'a b; $(reboot) `x`', DB: { addressOf: 'db1' }, PASSWORD: { secret: 'db' } },
    sources,
  )
  const file = shellEnvFile(env)
  const script = `${file.reveal()}printf '%s|' "$COUNT" "$TEXT" "$DB" "$PASSWORD"`
  const { stdout } = spawnSync('/bin/sh', { input: script, encoding: 'utf8' })
  expect(stdout).toBe(`15|a b; $(reboot) \`x\`|10.0.0.9|it's $HOME "quoted"\n|`)
  expect(String(file)).toContain('PASSWORD=[secret db]\n')
  expect(`${String(file)}${JSON.stringify(file)}`).not.toContain('quoted')
})

test('an address of nobody', async () => {
  await expect(resolveEnv({ DB: { addressOf: 'db2' } }, sources)).rejects.toMatchObject({
    message: 'DB wants the address of db2, which is no host',
    exitCode: 2,
  })
})
