import type { HostReleases } from '../container/host-releases.ts'
import type { SlotState, SlotStates } from '../container/slot-state.ts'
import { slotOfHost, type PairService } from '../fleet/pair-model.ts'
import { migrationId } from '../rollout/processes.ts'
import { onceMark } from '../rollout/once.ts'
import { historyFile, nextFile, parseEntry } from '../release/history-entry.ts'
import { editionOf, parseManifest, serviceFolder, type Manifest } from '../release/manifest.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { otherSlot, type Slot } from '../swap/slot.ts'
import { worksTest } from './live-work.ts'
import { programPattern } from './programs.ts'

/** A link to the manifest of what is on the host: gone while that is being replaced. */
export const currentManifest = (service: string): string => `${serviceFolder(service)}/current.json`

/** What a host of a pair says of its slot, and of the releases it has had. */
export interface HostState {
  readonly states: SlotStates
  readonly releases: HostReleases
}

/** Lines of the history that are read: years of releases. */
const LINES = 2000

/** Asks a host of a pair for all of it in one execution; changes nothing. */
export function hostStateCommand(service: string, { programs = {} }: PairService, slot: Slot): Command {
  const folder = serviceFolder(service)
  const names = Object.keys(programs)
  const running =
    names.length === 0
      ? 'echo running yes'
      : sh`supervisorctl status 2>/dev/null | awk -v own=${programPattern(service, names)} '
$1 ~ own { seen = 1; if ($2 != "RUNNING" && $2 != "STARTING") down = 1 } END { print "running", seen && !down ? "yes" : "no" }'`
          .text
  return sh`
${rawShell(running)}
c=$(readlink ${`/srv/${service}/current`}) && echo "current \${c##*/}"
show() { [ ! -f "$2" ] || echo "$1 $(base64 -w0 <"$2")"; }
show manifest ${currentManifest(service)}
show served ${`${folder}/${slot}.json`}
show next ${nextFile(service)}
for f in ${folder}/*-*.json; do show edition "$f"; done
${rawShell(worksTest(service))} && echo works
for f in ${onceMark(migrationId(service, ''))}*; do [ ! -e "$f" ] || echo "migrated \${f##*-}"; done
tail -n ${LINES} ${historyFile(service)} 2>/dev/null | sed 's/^/act /'
:`
}

const decoded = (text = ''): string => Buffer.from(text, 'base64').toString('utf8')

const NOTHING: SlotState = { running: false, edition: undefined, run: '-', manifest: undefined }

/** The edition that is on the host: what its manifest says, where that is of the release that is current. */
function currentEdition(release: string, manifest: Manifest | undefined): string | undefined {
  if (!/^[0-9a-f]{12}$/.test(release)) return undefined
  return manifest?.release === release ? editionOf(manifest) : `${release}-unknown`
}

/** Reads what the command printed. Of the other slot this host says nothing. */
export function parseHostState(output: string, slot: Slot): HostState {
  const lines = output.split('\n')
  const all = (word: string) =>
    lines.filter(line => line.startsWith(`${word} `)).map(line => line.slice(word.length + 1))
  const one = (word: string) => all(word)[0] ?? ''
  const edition = currentEdition(one('current'), parseManifest(decoded(one('manifest'))))
  const running = edition !== undefined && one('running') === 'yes'
  const history = all('act').flatMap(line => parseEntry(line) ?? [])
  const migrated = new Set(all('migrated'))
  const state: SlotState = {
    running,
    edition,
    run: edition ?? '-',
    manifest: parseManifest(decoded(one('served'))),
    works: lines.includes('works'),
  }
  const slots = { [slot]: state, [otherSlot(slot)]: NOTHING }
  const found = edition === undefined ? undefined : { edition, running }
  return {
    states: {
      blue: slots.blue ?? NOTHING,
      green: slots.green ?? NOTHING,
      last: history.at(-1),
      next: parseEntry(decoded(one('next'))),
    },
    releases: {
      // Of others than the current one, the host has lost the environment and the programs that they ran with.
      editions: all('edition').flatMap(encoded => {
        const manifest = parseManifest(decoded(encoded))
        if (manifest === undefined) return []
        const isThere = editionOf(manifest) === edition
        const isExpanded = migrated.has(manifest.release)
        return [{ manifest, hasEnv: isThere, hasImage: isThere, isExpanded, isContracted: false }]
      }),
      slots: { blue: slot === 'blue' ? found : undefined, green: slot === 'green' ? found : undefined },
      history,
    },
  }
}

/** The slot that a host of the target is. Throws for another host: the fleet file was checked for that. */
export function slotOf(service: PairService, host: string): Slot {
  const slot = slotOfHost(service, host)
  if (slot === undefined) throw new TypeError(`${host} is no host of the pair`)
  return slot
}
