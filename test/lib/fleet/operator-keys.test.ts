import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { operatorKeys } from '../../../lib/fleet/operator-keys.ts'
import lab from '../../../inventory/lab.ts'
import { quote } from '../../../lib/shell/quote.ts'
import { folder } from '../../support/folder.ts'
import { fleetHost } from '../../support/fleet-host.ts'

const home = folder({ 'id.pub': 'ssh-ed25519 AAAA ann@laptop\n', 'blank.pub': '\n' })
const keys = (authorizedKeys: readonly string[], ...names: readonly string[]) =>
  operatorKeys({
    fleet: { ...lab, access: { user: 'ops', authorizedKeys } },
    hosts: names.map((name, index) =>
      fleetHost(`web${index}`, 'web', '10.0.0.1', { identityFile: resolve(home, name) }),
    ),
  })

test.each([
  [
    'those of the file, then the own one, each once',
    ['k1', 'k2 '],
    ['id', 'id'],
    ['k1', 'k2', 'ssh-ed25519 AAAA ann@laptop'],
  ],
  ['the own one alone', [], ['id'], ['ssh-ed25519 AAAA ann@laptop']],
  ['without a .pub beside the key', ['k1'], ['absent'], ['k1']],
])('%s', async (_, authorized, names, expected) => {
  expect(await keys(authorized, ...names)).toEqual(expected)
})

test.each([[['blank']], [['absent']], [[]]])('no key at all would lock everybody out: %j', async names => {
  await expect(keys([], ...names)).rejects.toMatchObject({
    message: 'no public key to log in with',
    hint: expect.stringContaining('ssh-keygen'),
    exitCode: 2,
  })
})

test('a key without its .pub is told, with the command that writes it', async () => {
  const file = join(folder({ "ann's key": 'private' }), "ann's key")
  await expect(keys([], file)).rejects.toMatchObject({
    message: `no public key to log in with: ${file}.pub is not there, or is empty`,
    hint: `ssh-keygen -y -f ${quote(file)} >${quote(`${file}.pub`)}`,
    exitCode: 2,
  })
})
