import type { FleetEvent } from '../events/event.ts'
import { formatDuration } from '../text/duration.ts'
import { clip } from '../text/clip.ts'
import { sanitise } from '../text/sanitise.ts'

interface Activity {
  readonly text: string
  readonly since: number
}

const BAR = 20

/** What is going on now: a line for each busy host and each progress. */
export class Region {
  readonly #busy = new Map<string, Activity>()
  readonly #progress = new Map<string, string>()

  update(event: FleetEvent, now: number): void {
    switch (event.type) {
      case 'step-started':
        this.#busy.set(event.host, { text: sanitise(event.step), since: now })
        break
      case 'step-ended':
      case 'host-ended':
        this.#busy.delete(event.host)
        break
      case 'progress':
        if (event.total !== undefined && event.done >= event.total) this.#progress.delete(event.id)
        else this.#progress.set(event.id, progressLine(event))
        break
      case 'phase':
        this.#progress.clear()
        break
      case 'run-ended':
        this.#busy.clear()
        this.#progress.clear()
        break
      default:
    }
  }

  get isEmpty(): boolean {
    return this.#busy.size === 0 && this.#progress.size === 0
  }

  /** At most `rows` lines of at most `columns` columns; the longest-running hosts first, the rest counted. */
  lines(now: number, columns: number, rows: number): readonly string[] {
    const width = Math.max(...[...this.#busy.keys()].map(host => host.length), 0)
    const busy = [...this.#busy].map(
      ([host, { text, since }]) =>
        `${sanitise(host).padEnd(width)}  ${text} ${formatDuration(Math.floor((now - since) / 1000) * 1000)}`,
    )
    const all = [...this.#progress.values(), ...busy]
    const limit = Math.max(1, rows)
    const shown =
      all.length <= limit ? all : [...all.slice(0, limit - 1), `... and ${all.length - limit + 1} more`]
    return shown.map(line => clip(line, Math.max(1, columns)))
  }
}

function progressLine({ text, done, total }: Extract<FleetEvent, { type: 'progress' }>): string {
  if (total === undefined || total <= 0) return `${sanitise(text)} ${done}`
  const filled = Math.min(BAR, Math.max(0, Math.floor((BAR * done) / total)))
  return `[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}] ${sanitise(text)} ${Math.floor((100 * done) / total)}%`
}
