import { expect, test } from 'vitest'
import { parseHostEngine } from '../../../lib/container/host-engine.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`

test('reads what an engine says of itself', () => {
  const output = `root /var/lib/docker
platform linux/x86_64
free 2048
tag fleetfile/web:1 ${digest('a')}
image ${digest('a')} ["${digest('b')}","${digest('c')}"]
image ${digest('d')} null
`
  expect(parseHostEngine(output, 'web1')).toEqual({
    platform: 'linux/amd64',
    free: 2_097_152,
    tags: new Map([['fleetfile/web:1', digest('a')]]),
    images: new Set([digest('a'), digest('d')]),
    chains: [[digest('b'), digest('c')], []],
  })
})

test.each(['', 'platform linux/x86_64\n', 'platform linux/x86_64\nfree x\n'])('%j is no answer', output => {
  expect(() => parseHostEngine(output, 'web1')).toThrow('web1: the container engine gave no clear answer')
})
