import { expect, test } from 'vitest'
import { ConnectError } from '../../../lib/errors.ts'
import { deploy } from '../../../lib/swap/swap.ts'
import type { FaultLab } from './fault-lab.ts'

/** A host that the operator cannot reach any more, from a phase on, while its users still can. */
export function cutOffHosts({ lab, door, version }: FaultLab): void {
  test.each([
    ['Prepare', false],
    ['Flip', true],
    ['Watch', true],
  ])(
    'a host that is out of reach from the phase %s on: no failed request, all or nothing serves, and the same again completes it',
    async (from, serves) => {
      const [, web2] = lab.web
      if (web2 === undefined) throw new Error('unreachable')
      const before = await door.get('/version')
      const options = lab.options(await lab.release(await version()), `cut-${from}`, { watchSeconds: 1 })
      const reach = web2.sh.bind(web2)
      const phase = (title: string) => {
        if (!title.startsWith(from)) return
        web2.sh = () => Promise.reject(new ConnectError('connection lost', { host: 'web2' }))
      }
      const { result, report } = await door.underLoad(async () => {
        const ended = await deploy({ ...lab.context(), phase }, options).catch((error: unknown) => error)
        web2.sh = reach
        return ended
      })
      expect(report.reasons).toEqual([])
      if (serves) expect(result).toMatchObject({ outcome: 'deployed', unnoted: ['web2'] })
      else expect(result).toMatchObject({ message: expect.stringContaining('connection lost') as unknown })
      const after = await door.get('/version')
      if (serves) expect(after).toContain(`cut-${from}`)
      else expect(after).toBe(before)
      const again = await deploy(lab.context(), options)
      expect(again.outcome).toBe('deployed')
      expect(await door.get('/version')).toContain(`cut-${from}`)
      expect((await deploy(lab.context(), options)).outcome).toBe('unchanged')
    },
    60_000,
  )
}
