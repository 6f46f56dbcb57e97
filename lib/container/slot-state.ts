import type { EngineName } from '../fleet/container-model.ts'
import type { HostContext } from '../rollout/rollout-context.ts'
import { parseManifest, serviceFolder, type Manifest } from '../release/manifest.ts'
import { historyFile, nextFile, parseEntry, type HistoryEntry } from '../release/history-entry.ts'
import { SLOTS, type Slot } from '../swap/slot.ts'
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
  /** The contract of what it served last has run. */
  readonly isContracted?: boolean
  /** Of a pair's host: what is `live` may run there. */
  readonly works?: boolean
  /** A swarm runs the slot on this host. */
  readonly isInSwarm?: boolean
}

export interface SlotStates extends Readonly<Record<Slot, SlotState>> {
  /** What was done last with them, as far as the host knows. */
  readonly last?: HistoryEntry | undefined
  /** What a run was about to do with them; it ended without a word. */
  readonly next?: HistoryEntry | undefined
}

const FORMAT =
  '{{.State.Running}} {{index .Config.Labels "fleetfile.release"}}-{{index .Config.Labels "fleetfile.config"}} {{index .Config.Labels "fleetfile.run"}}'

const decoded = (text: string): string => Buffer.from(text, 'base64').toString('utf8')

/** Reads both slots of a service in one execution. Which of them serves, only the proxy knows. */
export async function readSlots(
  host: HostContext,
  service: string,
  engine: EngineName = 'docker',
): Promise<SlotStates> {
  const inSwarm = (slot: Slot) =>
    engine === 'docker'
      ? sh`w=$(docker ps --quiet --filter ${`label=com.docker.swarm.service.name=${containerName(service, slot)}`})`
      : rawShell(':')
  const one = (slot: Slot): string =>
    sh`w=; s=$(${engine} container inspect --format ${FORMAT} ${containerName(service, slot)} 2>/dev/null) || { s='false - -'; ${inSwarm(slot)}; }
f=${`${serviceFolder(service)}/${slot}.json`}; m=-; [ ! -f "$f" ] || m=$(base64 -w0 <"$f")
c=$(readlink "$f") && [ -e ${`${serviceFolder(service)}/`}"\${c%.json}.contracted" ] && c=contracted || c=-
echo $s $m $c \${w:+swarm}`.text
  const acts = sh`
tail -n 1 ${historyFile(service)} 2>/dev/null | base64 -w0; echo
[ ! -f ${nextFile(service)} ] || base64 -w0 <${nextFile(service)}`.text
  const { stdout } = await host.read(rawShell(`${SLOTS.map(one).join('\n')}${acts}`), { root: true })
  const lines = stdout.toString('utf8').split('\n')
  const state = (index: number): SlotState => {
    const [running, edition = '-', run = '-', manifest = '-', contract, swarm] = (lines[index] ?? '').split(
      ' ',
    )
    return {
      running: running === 'true',
      edition: edition === '-' ? undefined : edition,
      run,
      manifest: parseManifest(decoded(manifest)),
      isContracted: contract === 'contracted',
      ...(swarm === 'swarm' ? { isInSwarm: true } : {}),
    }
  }
  const act = (index: number) => parseEntry(decoded(lines[index] ?? ''))
  return { blue: state(0), green: state(1), last: act(2), next: act(3) }
}
