import { expect, test } from 'vitest'
import { sysctl } from '../../../../lib/resource/kinds/sysctl.ts'
import { NO_PATH, judge, pathOutput } from '../../../support/resource-case.ts'

const values = { 'net.ipv4.tcp_rmem': '4096  131072 6291456', 'vm.swappiness': 10 }
const PATH = '/etc/sysctl.d/60-net.conf'
const content = '# Written by fleet.\nnet.ipv4.tcp_rmem = 4096 131072 6291456\nvm.swappiness = 10\n'
const there = pathOutput(PATH, 'f 644 root root', { content })
const live = (rmem: string, swappiness: string, writable: string[]) =>
  `\n=live=\n/proc/sys/net/ipv4/tcp_rmem:${rmem}\n/proc/sys/vm/swappiness:${swappiness}\n=\n${writable.join('\n')}\n`
const both = ['/proc/sys/net/ipv4/tcp_rmem', '/proc/sys/vm/swappiness']

test.each([
  ['all set', there + live('4096\t131072\t6291456', '10', both), undefined, 0],
  ['file missing', NO_PATH + live('4096\t131072\t6291456', '10', both), '76 bytes', 1],
  ['live differs', there + live('4096\t131072\t6291456', '60', both), 'vm.swappiness 60 -> 10', 1],
  [
    'read-only',
    there + live('4096\t131072\t6291456', '10', both.slice(0, 1)),
    'vm.swappiness unsupported -> 10',
    1,
  ],
])('%s', (_, output, detail, steps) => {
  const judged = judge(sysctl({ name: 'net', values }), output)
  expect(judged.detail).toBe(detail?.replace('76', String(content.length)))
  expect(judged.steps).toHaveLength(steps)
})

test('what is not there is a note, if possible', () => {
  const dashed = content.replaceAll(/^(?=[a-z])/gm, '-')
  const output =
    pathOutput(PATH, 'f 644 root root', { content: dashed }) +
    live('4096 131072 6291456', '10', both.slice(0, 1))
  const judged = judge(sysctl({ name: 'net', values, ifPossible: true }), output)
  expect(judged).toMatchObject({ detail: undefined, note: 'not here: vm.swappiness' })
})

test.each([{ 'a;b': 1 }, { '../x.y': 1 }, { nodots: 1 }, { 'vm.x': '1; reboot' }, { 'vm.x': "'" }, {}])(
  'refuses %j',
  bad => {
    expect(() => sysctl({ name: 'x', values: bad })).toThrow(/not allowed|at least one/)
  },
)
