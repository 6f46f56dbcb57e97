import { expect, test } from 'vitest'
import { fixedConfig } from '../../../lib/container/fixed-config.ts'

const built = (engine: string, at: string) =>
  JSON.stringify({
    architecture: 'amd64',
    config: { Hostname: engine, Cmd: ['x'], Image: `sha256:${engine}`, Labels: { a: 'b' } },
    container: engine,
    container_config: { Hostname: engine },
    created: at,
    docker_version: engine,
    history: [{ created: '2009-01-01T00:00:00Z' }, { created: at, empty_layer: true }],
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: ['sha256:1'] },
  })

test('when and by which engine an image was built makes no difference, all else does', () => {
  const time = new Date('2012-03-04T05:06:07Z')
  const one = fixedConfig(built('one', '2026-01-02T00:00:00.123456789Z'), time)
  expect(one).toBe(fixedConfig(built('two', '2026-03-04T00:00:00Z'), time))
  expect(JSON.parse(one)).toEqual({
    architecture: 'amd64',
    config: { Cmd: ['x'], Labels: { a: 'b' } },
    created: '2012-03-04T05:06:07Z',
    history: [{ created: '2009-01-01T00:00:00Z' }, { created: '2012-03-04T05:06:07Z', empty_layer: true }],
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: ['sha256:1'] },
  })
  expect(fixedConfig(one, time)).toBe(one)
  expect(fixedConfig(built('one', '2026-01-02T00:00:00Z').replace('"x"', '"y"'), time)).not.toBe(one)
})
