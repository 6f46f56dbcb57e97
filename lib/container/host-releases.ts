import { historyFile, parseEntry, type HistoryEntry } from '../release/history-entry.ts'
import { parseManifest, serviceFolder, type Manifest } from '../release/manifest.ts'
import { SLOTS, type Slot } from '../swap/slot.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { containerName } from './slot.ts'

/** One release with one configuration, as a host holds it. */
export interface HostRelease {
  readonly manifest: Manifest
  readonly hasEnv: boolean
  readonly hasImage: boolean
  readonly isExpanded: boolean
  readonly isContracted: boolean
}

/** What a host knows of a service's releases. */
export interface HostReleases {
  readonly editions: readonly HostRelease[]
  /** What each slot's container was made from; undefined where there is none. */
  readonly slots: Readonly<Record<Slot, { readonly edition: string; readonly running: boolean } | undefined>>
  /** Oldest first. */
  readonly history: readonly HistoryEntry[]
}

/** Lines of the history that are read: years of releases. */
const LINES = 2000

/** Asks a host for all of it in one execution; changes nothing. */
export function hostReleasesCommand(service: string, engine: string): Command {
  const slots = SLOTS.map(
    slot =>
      sh`
${engine} container inspect --format ${`slot ${slot} {{.State.Running}} {{index .Config.Labels "fleetfile.release"}}-{{index .Config.Labels "fleetfile.config"}}`} ${containerName(service, slot)} 2>/dev/null || :`
        .text,
  ).join('')
  return sh`has() { [ -f "$1" ] && echo yes || echo no; }
for f in ${serviceFolder(service)}/*-*.json; do
  e=\${f%.json}
  [ ! -f "$f" ] || echo "edition $(has "$e.env") $(has "$e.migrated") $(has "$e.contracted") $(base64 -w0 <"$f")"
done${rawShell(slots)}
${engine} image ls --no-trunc --quiet | sed 's/^/image /'
tail -n ${LINES} ${historyFile(service)} 2>/dev/null | sed 's/^/act /'`
}

const digits = (image: string): string => image.replace(/^sha256:/, '')

/** Reads what the command printed. */
export function parseHostReleases(output: string): HostReleases {
  const lines = output.split('\n')
  const rows = (word: string): string[][] =>
    lines.filter(line => line.startsWith(`${word} `)).map(line => line.split(' ').slice(1))
  const images = new Set(rows('image').map(([id = '']) => digits(id)))
  const slots: Record<Slot, { edition: string; running: boolean } | undefined> = {
    blue: undefined,
    green: undefined,
  }
  for (const [slot, running, edition = ''] of rows('slot')) {
    if (slot === 'blue' || slot === 'green') slots[slot] = { edition, running: running === 'true' }
  }
  return {
    editions: rows('edition').flatMap(([env, migrated, contracted, encoded = '']) => {
      const manifest = parseManifest(Buffer.from(encoded, 'base64').toString('utf8'))
      if (manifest === undefined) return []
      return [
        {
          manifest,
          hasEnv: env === 'yes',
          hasImage: images.has(digits(manifest.image)),
          isExpanded: migrated === 'yes',
          isContracted: contracted === 'yes',
        },
      ]
    }),
    slots,
    history: lines.flatMap(line => (line.startsWith('act ') ? (parseEntry(line.slice(4)) ?? []) : [])),
  }
}
