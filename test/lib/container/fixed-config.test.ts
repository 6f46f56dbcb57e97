import { expect, test } from 'vitest'
import { fixedConfig } from '../../../lib/container/fixed-config.ts'

const built = (engine: string, at: string) =>
  JSON.stringify({
    Id: `sha256:${engine}`,
    Architecture: 'amd64',
    Config: { Hostname: engine, Cmd: ['x'], Image: `sha256:${engine}`, Labels: { a: 'b' } },
    Container: engine,
    ContainerConfig: { Hostname: engine },
    Created: at,
    DockerVersion: engine,
    Os: 'linux',
    RootFS: { Type: 'layers', Layers: ['sha256:1'] },
  })

test('when and by which engine an image was built makes no difference, all else does', () => {
  const time = new Date('2012-03-04T05:06:07Z')
  const one = fixedConfig(built('one', '2026-01-02T00:00:00.123456789Z'), time)
  expect(one).toBe(fixedConfig(built('two', '2026-03-04T00:00:00Z'), time))
  const otherClient = built('one', '').replace('"Cmd":["x"]', '"Volumes":null,"Tty":false,"Cmd":["x"]')
  expect(one).toBe(fixedConfig(otherClient, time))
  expect(JSON.parse(one)).toEqual({
    architecture: 'amd64',
    config: { Cmd: ['x'], Labels: { a: 'b' } },
    created: '2012-03-04T05:06:07Z',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: ['sha256:1'] },
  })
  expect(fixedConfig(built('one', '').replace('"x"', '"y"'), time)).not.toBe(one)
})
