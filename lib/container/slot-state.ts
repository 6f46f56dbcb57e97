import type { EngineName } from '../fleet/container-model.ts'
import type { HostContext } from '../rollout/rollout-context.ts'
import { parseManifest, serviceFolder, type Manifest } from '../rollout/manifest.ts'
import { SLOTS, type Slot } from '../rollout/slot.ts'
import { rawShell, sh } from '../shell/sh.ts'
import { containerName } from './slot.ts'

/** What a host says of one of its slots. */
export interface SlotState {
  readonly running: boolean
  /** `<release>-<config>` of the container; undefined when there is none. */
  readonly edition: string | undefined
  /** Hash of how the container was started. */
  readonly run: string
  /** What this slot served last: the way back to it. It survives the container. */
  readonly manifest: Manifest | undefined
}

export type SlotStates = Readonly<Record<Slot, SlotState>>

const FORMAT =
  '{{.State.Running}} {{index .Config.Labels "fleetfile.release"}}-{{index .Config.Labels "fleetfile.config"}} {{index .Config.Labels "fleetfile.run"}}'

/** Reads both slots of a service in one execution. Which of them serves, only the proxy knows. */
export async function readSlots(
  host: HostContext,
  service: string,
  engine: EngineName = 'docker',
): Promise<SlotStates> {
  const one = (slot: Slot): string =>
    sh`s=$(${engine} container inspect --format ${FORMAT} ${containerName(service, slot)} 2>/dev/null) || s='false - -'
f=${`${serviceFolder(service)}/${slot}.json`}; m=-; [ ! -f "$f" ] || m=$(base64 -w0 <"$f")
echo $s $m`.text
  const { stdout } = await host.read(rawShell(SLOTS.map(one).join('\n')), { root: true })
  const lines = stdout.toString('utf8').split('\n')
  const state = (index: number): SlotState => {
    const [running, edition = '-', run = '-', manifest = '-'] = (lines[index] ?? '').split(' ')
    return {
      running: running === 'true',
      edition: edition === '-' ? undefined : edition,
      run,
      manifest: parseManifest(Buffer.from(manifest, 'base64').toString('utf8')),
    }
  }
  return { blue: state(0), green: state(1) }
}
