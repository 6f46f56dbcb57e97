import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { connect } from '../../../lib/transport/connect.ts'
import { sshServer } from '../../support/ssh-server.ts'

test('the factory opens an SSH transport', async () => {
  await using server = await sshServer()
  const web1 = await connect(server.target(), { signal: new AbortController().signal, timeout: 10_000 })
  await expect(web1.exec('true')).resolves.toMatchObject({ exitCode: 0 })
  await web1.close()
})

test('importing the factory, the pool and the contract loads neither ssh2 nor node-ssh', () => {
  const module = (name: string) =>
    JSON.stringify(new URL(`../../../lib/transport/${name}.ts`, import.meta.url).href)
  const jiti = JSON.stringify(import.meta.resolve('jiti'))
  const script = `
    const { createJiti } = await import(${jiti})
    const jiti = createJiti(${JSON.stringify(import.meta.url)}, { fsCache: false })
    for (const name of [${module('connect')}, ${module('pool')}, ${module('recording')}, ${module('known-hosts')}]) {
      await jiti.import(name)
    }
    const { createRequire } = await import('node:module')
    const loaded = Object.keys(createRequire(${JSON.stringify(import.meta.url)}).cache)
    console.log(loaded.filter(file => /node_modules.(ssh2|node-ssh)/.test(file)).join())
  `
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(out.trim()).toBe('')
})
