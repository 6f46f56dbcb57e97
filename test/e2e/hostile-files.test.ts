import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folder } from '../support/folder.ts'
import { LabFleet, type Ran } from '../support/lab-fleet.ts'
import { TRANSPORTS } from '../support/transports.ts'

const fleet = (transport: string) => `
  import { defineFleet } from 'fleetfile'
  export default defineFleet({
    name: 'files',
    provider: 'lab',
    access: { user: 'root', transport: '${transport}' },
    roles: { web: {} },
    hosts: { web1: { role: 'web' } },
    services: {},
  })`
const home = folder({ 'inventory/ssh.ts': fleet('ssh'), 'inventory/openssh.ts': fleet('openssh') })

const NAMES = [
  '-rf',
  '--help',
  ' a  b ',
  'new\nline',
  'ends in one\n',
  `it's "quoted"`,
  '$(touch pwned);`id`',
  'ünï🚀',
  'back\\slash\\n',
  '*',
  'x'.repeat(200),
]

let lab: LabFleet
const run = (transport: string, ...args: readonly string[]): Promise<Ran> =>
  lab.run('--fleet', join(home, `inventory/${transport}.ts`), ...args)

beforeAll(async () => {
  lab = await LabFleet.open(process.env.FLEET_LAB === undefined ? 'files' : `${process.env.FLEET_LAB}-files`)
  const up = await run('ssh', 'lab', 'up')
  expect(up.stderr + up.stdout.slice(-500), up.stdout).toContain('"exitCode":0')
})

afterAll(async () => {
  await run('ssh', 'lab', 'down')
  await lab.down()
})

test('a local name that is no text is refused before anything is sent', async () => {
  const odd = folder()
  writeFileSync(Buffer.concat([Buffer.from(`${odd}/caf`), Buffer.from([0xe9])]), 'x')
  const { exitCode, stdout } = await run('ssh', 'put', odd, '/srv/odd')
  expect(stdout).toContain('has a name that is not UTF-8')
  expect(exitCode).toBe(2)
})

describe.each(TRANSPORTS)('through %s', transport => {
  const fleetRun = (...args: readonly string[]) => run(transport, ...args)

  test('whatever a file is called, it arrives and comes back under that name', async () => {
    const out = join(home, `${transport} -out\n`)
    mkdirSync(out)
    for (const name of NAMES) writeFileSync(join(out, name), `of ${name}`)
    const remote = `/srv/-${transport} 'x'\n`
    expect(await fleetRun('put', out, remote)).toMatchObject({ exitCode: 0 })
    expect((await fleetRun('put', out, remote)).data).toMatchObject({ changed: { web1: [] } })
    const back = join(home, `${transport}-back`)
    expect(await fleetRun('get', remote, back)).toMatchObject({ exitCode: 0 })
    const got = join(back, 'web1', remote.slice('/srv/'.length))
    expect(readdirSync(got).sort()).toEqual([...NAMES].sort())
    for (const name of NAMES) expect(readFileSync(join(got, name), 'utf8')).toBe(`of ${name}`)

    // As the one thing that is copied, every way to be misread at once.
    const name = `-rf it's "x" $(touch pwned) \\163\\n* ü🚀\n`
    writeFileSync(join(out, name), 'single')
    for (let times = 0; times < 2; times += 1) {
      expect(await fleetRun('put', join(out, name), '/srv/')).toMatchObject({ exitCode: 0 })
      expect(await fleetRun('get', `/srv/${name}`, back)).toMatchObject({ exitCode: 0 })
      expect(readFileSync(join(back, 'web1', name), 'utf8')).toBe('single')
    }
    expect((await lab.inside('web1', 'find', '/', '-xdev', '-name', 'pwned')).stdout).toBe('')
  })

  test('words of a command stay words', async () => {
    const words = ['a b', "it's", '$HOME', 'new\nline', '-n', '', 'ünï🚀', '\\']
    const { stdout, exitCode } = await lab.text(
      '--fleet',
      join(home, `inventory/${transport}.ts`),
      'ssh',
      'web1',
      '--',
      'printf',
      '[%s]',
      ...words,
    )
    expect(stdout).toBe(words.map(word => `[${word}]`).join(''))
    expect(exitCode).toBe(0)
  })

  test('a name that is no text is left out and named', async () => {
    await lab.inside(
      'web1',
      'sh',
      '-c',
      `mkdir -p /srv/odd-${transport} && cd /srv/odd-${transport} && touch fine "$(printf 'caf\\351')" "$(printf 'caf\\350')"`,
    )
    const back = join(home, `${transport}-odd`)
    const { exitCode, stdout } = await fleetRun('get', `/srv/odd-${transport}`, back)
    expect(exitCode).toBe(9)
    expect(stdout).toContain('not UTF-8')
    expect(readdirSync(join(back, 'web1', `odd-${transport}`))).toEqual(['fine'])
  })

  test('a transfer that is cut in the middle leaves nothing, and the next one is whole', async () => {
    const large = join(home, `${transport}-large`)
    const bytes = randomBytes(128 << 20)
    writeFileSync(large, bytes)
    const target = `/srv/${transport}-large`
    /** Ends the connection at the server once `sign` holds there. */
    const cutOnce = (sign: string) =>
      lab.inside(
        'web1',
        'sh',
        '-c',
        `until ${sign} >/dev/null 2>&1; do :; done; pkill -KILL -f '^sshd: root'`,
      )
    const left = async () =>
      (await lab.inside('web1', 'sh', '-c', 'ls -A /srv | grep -e -large -e fleet')).stdout
    const [cutPut] = await Promise.all([fleetRun('put', large, target), cutOnce('ls /srv/.fleet-put-*/f0')])
    expect(cutPut.exitCode).toBe(5)
    await expect.poll(left, { timeout: 20_000 }).not.toMatch(new RegExp(`${transport}-large|fleet-put`))
    expect(await fleetRun('put', large, target)).toMatchObject({ exitCode: 0 })
    expect(await left()).toContain(`${transport}-large`)

    const back = join(home, `${transport}-cut`)
    const [cutGet] = await Promise.all([fleetRun('get', target, back), cutOnce('pgrep -x tar')])
    expect(cutGet.exitCode).toBe(5)
    expect(readdirSync(join(back, 'web1'))).toEqual([])
    expect((await fleetRun('get', target, back)).exitCode).toBe(0)
    expect(readFileSync(join(back, 'web1', `${transport}-large`)).equals(bytes)).toBe(true)
  })
})
