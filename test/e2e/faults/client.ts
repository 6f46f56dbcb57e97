import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { deploy } from '../../../lib/swap/swap.ts'
import { SwapLab } from '../swap-lab.ts'
import { Watch } from './moment.ts'
import { operate } from './operator.ts'

/** What the operator that is to die is told. */
const order = z.object({
  folder: z.string(),
  ca: z.string(),
  addresses: z.record(z.string(), z.string()),
  version: z.string(),
  /** A line of the real command instead of a deploy by its parts. */
  line: z.string().exactOptional(),
  greeting: z.string(),
  place: z.number(),
  moment: z
    .object({ phase: z.string(), script: z.string(), after: z.number().exactOptional() })
    .exactOptional(),
})

export type Order = z.output<typeof order>

/**
 * An operator of its own process, who deploys to a lab that stands, and is killed as by `kill -9` a moment after the
 * script of its order has begun. Ends as its command does when that never comes.
 */
const { folder, ca, addresses, version, greeting, moment, place, line } = order.parse(
  JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')),
)
const lab = new SwapLab('t-faults', { place })
lab.folder = folder
lab.door = { origin: 'https://app.swap.test', ca: [ca] }
await lab.login()
const watch = new Watch(moment ?? { phase: 'never', script: '' })
for (const machine of lab.machines) {
  machine.address = addresses[machine.name] ?? ''
  const run = machine.sh.bind(machine)
  machine.sh = (script, stdin, onStdout) => {
    if (watch.isNow(typeof stdin === 'string' ? `${script}\n${stdin}` : script))
      void sleep(50).then(() => process.kill(process.pid, 'SIGKILL'))
    return run(script, stdin, onStdout)
  }
}
if (line !== undefined) {
  const { exitCode, stderr } = await operate(lab, line, title => watch.phase(title))
  process.stderr.write(stderr)
  process.exit(exitCode)
}
const ctx = { ...lab.context(), phase: (title: string) => watch.phase(title), runId: 'killed' }
await deploy(ctx, lab.options(await lab.release(version), greeting))
await lab.hangUp()
