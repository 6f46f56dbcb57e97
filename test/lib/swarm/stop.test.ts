import { expect, test } from 'vitest'
import { stoppedSpec } from '../../../lib/swarm/stop.ts'

test('a stopped slot keeps all that it is started again from', () => {
  const spec = {
    Name: 'web-blue',
    Labels: { 'fleetfile.run': 'new' },
    Mode: { Replicated: { Replicas: 3 } },
    TaskTemplate: { ContainerSpec: { Image: 'sha256:1' } },
  }
  expect(stoppedSpec(spec)).toEqual({ ...spec, Mode: { Replicated: { Replicas: 0 } } })
})
