import { expect, test } from 'vitest'
import { refuseMixedImages } from '../../../lib/swarm/one-image.ts'

const image = (digit: string) => ({ image: `sha256:${digit.repeat(64)}` })

test('hosts that know the image by one id', () => {
  expect(() => refuseMixedImages(new Map())).not.toThrow()
  expect(() =>
    refuseMixedImages(new Map(Object.entries({ web1: image('a'), web2: image('a') }))),
  ).not.toThrow()
})

test('a host that knows it by another id is named', () => {
  const manifests = new Map(Object.entries({ web1: image('a'), web2: image('a'), web3: image('b') }))
  expect(() => refuseMixedImages(manifests)).toThrow('web1 and web3 know the image by different ids')
})
