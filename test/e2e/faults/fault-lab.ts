import { haproxy } from '../../../lib/proxy/haproxy.ts'
import { parseEntry } from '../../../lib/release/history-entry.ts'
import { readProxies } from '../../../lib/proxy/proxies.ts'
import { doorOf, startFront } from '../swap-front.ts'
import { SwapLab } from '../swap-lab.ts'

/** The service's name: its images are the test's own. */
const NAME = 't-faults'

/** A lab that things are done to, and what can be asked of it. */
export class FaultLab {
  readonly lab = new SwapLab(NAME)
  readonly door = doorOf(this.lab)

  async start(): Promise<void> {
    await this.lab.start()
    await startFront(this.lab, this.door)
  }

  /** The slot that serves, by the proxy. */
  live = async () => (await readProxies([haproxy(this.lab.lb.context, NAME)], ['web1', 'web2'])).live

  /** The version that answers. */
  version = async (): Promise<string> => (await this.door.get('/version')).split(' ')[0] ?? ''

  /** The last line of the second host's history. */
  history = async () => {
    const file = `/var/lib/fleetfile/services/${NAME}/history.jsonl`
    const said = await this.lab.web[1]?.sh(`tail -n 1 ${file}`)
    return parseEntry(said?.stdout.toString() ?? '')
  }
}
