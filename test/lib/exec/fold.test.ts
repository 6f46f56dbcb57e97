import { describe, expect, test } from 'vitest'
import { commandLine } from '../../../lib/exec/command-line.ts'
import { Fold } from '../../../lib/exec/fold.ts'
import { hostRanges } from '../../../lib/exec/host-ranges.ts'
import { Output } from '../../../lib/exec/output.ts'
import { showGroups } from '../../../lib/exec/show.ts'

type Said = readonly [host: string, stdout: string | Uint8Array, exitCode?: number, stderr?: string]

const shown = (said: readonly Said[], room?: number): Promise<string> => {
  const fold = new Fold(said.map(([host]) => host))
  // Hosts end in any order.
  for (const [host, stdout, exitCode = 0, stderr = ''] of said.toReversed()) {
    const output = new Output(room)
    output.push('stdout', Buffer.from(stdout))
    output.push('stderr', Buffer.from(stderr))
    fold.add(host, { exitCode, ...output.end() })
  }
  return showGroups(fold.groups())
}

test.each<[string, readonly Said[], string]>([
  ['one host', [['web1', 'up\n']], '== web1\nup\n'],
  [
    'all agree',
    [
      ['web1', 'up\n'],
      ['web2', 'up\n'],
      ['web3', 'up\n'],
    ],
    '== web1-3 (3 hosts)\nup\n',
  ],
  [
    'nothing said',
    [
      ['web1', ''],
      ['web2', ''],
    ],
    '== web1, web2: said nothing\n',
  ],
  [
    'no newline at the end',
    [
      ['web1', 'up'],
      ['web2', 'up'],
    ],
    '== web1, web2\nup\n',
  ],
  [
    'three groups',
    [
      ['web1', 'a\nb\nc\n'],
      ['web2', 'a\nb\nc\n'],
      ['db1', 'a\nx\nc\n'],
      ['db2', 'else\n'],
    ],
    '== web1, web2\na\nb\nc\n== db1: against web1, web2\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n== db2\nelse\n',
  ],
  [
    'no majority',
    [
      ['a', '1\n2\n'],
      ['b', '1\n3\n'],
    ],
    '== a\n1\n2\n== b\n1\n3\n',
  ],
  [
    'another exit code is another group',
    [
      ['web1', 'x\n'],
      ['web2', 'x\n'],
      ['web3', 'x\n', 2],
    ],
    '== web1, web2\nx\n== web3: exit code 2, the same text\n',
  ],
  [
    'what cannot be seen',
    [
      ['web1', 'x\n'],
      ['web2', 'x\n'],
      ['web3', 'x\r\n'],
      ['web4', 'x'],
    ],
    '== web1, web2\nx\n== web3: the same to the eye: other line ends or marks\n== web4: the same to the eye: other line ends or marks\n',
  ],
  [
    'bytes that are no text',
    [
      ['web1', Buffer.from([0xff, 10])],
      ['web2', Buffer.from([0xfe, 10])],
      ['web3', Buffer.from([0xff, 10])],
    ],
    '== web1, web3\n\ufffd\n== web2: the same to the eye: other line ends or marks\n',
  ],
  ['stderr', [['web1', 'out\n', 1, 'bad\n']], '== web1: exit code 1\nout\n-- stderr\nbad\n'],
  ['a terminal is not repainted', [['web1', '\u001b[2J\u001b]0;title\u0007ok\n']], '== web1\nok\n'],
])('%s', async (_, said, text) => {
  expect(await shown(said)).toBe(text)
})

describe('more than is kept', () => {
  test('is told as cut', async () => {
    expect(await shown([['web1', '12345678']], 5)).toBe(
      '== web1: 3 B more was cut off, --no-fold shows all\n12345\n',
    )
  })

  test('still tells hosts apart', async () => {
    const text = await shown(
      [
        ['web1', '12345-a'],
        ['web2', '12345-b'],
      ],
      5,
    )
    expect(text.match(/^== /gm)).toHaveLength(2)
  })
})

test.each([
  [[], ''],
  [['web1'], 'web1'],
  [['web1', 'web2'], 'web1, web2'],
  [['web1', 'web2', 'web3', 'db1'], 'web1-3, db1'],
  [['web8', 'web9', 'web10', 'web11'], 'web8-11'],
  [['web08', 'web09', 'web10'], 'web08-10'],
  [['web1', 'web3', 'web4', 'web5', 'lb'], 'web1, web3-5, lb'],
  [['a', 'b', 'c'], 'a, b, c'],
])('hosts %j are shown as %s', (names, text) => {
  expect(hostRanges(names)).toBe(text)
})

test.each([
  [['uptime | tail -1'], 'uptime | tail -1'],
  [['echo', 'a b', '$HOME', "it's"], String.raw`echo 'a b' '$HOME' 'it'\''s'`],
  [['true', ''], "true ''"],
])('the words %j are the line %s', (words, line) => {
  expect(commandLine(words)).toBe(line)
})
