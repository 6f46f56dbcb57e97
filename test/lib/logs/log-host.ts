import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCursor } from '../../../lib/logs/cursor.ts'
import { fetchHost } from '../../../lib/logs/fetch-host.ts'
import { bytesPath, Mirror } from '../../../lib/logs/mirror.ts'
import { LocalTransport } from '../../support/local-transport.ts'

export const USER = '53c1f0d5b0d9f5a8e4000001'

/** A log line at a minute after twelve. */
export const line = (minute: number, text = 'hello') =>
  `[INFO    ] 2026-11-22 12:${String(minute).padStart(2, '0')}:00 (tapiriik.sync.worker:906) ${text}\n`

export const lines = (from: number, to: number, text?: string) =>
  Array.from({ length: to - from }, (_, at) => line(from + at, text)).join('')

/** A server's log folder in a temporary one, and our mirror of it. */
export class LogHost {
  readonly root = mkdtempSync(join(tmpdir(), 'fleet-logs-'))
  readonly directory = join(this.root, 'logs')
  readonly log = join(this.directory, `${USER}.log`)
  readonly mirror = join(this.root, 'mirror', 'sync1')
  readonly transport = new LocalTransport('sync1')

  constructor() {
    mkdirSync(this.directory)
  }

  request() {
    return {
      transport: this.transport,
      directory: this.directory,
      user: USER,
      now: Date.now,
      signal: new AbortController().signal,
      alive: () => undefined,
    }
  }

  /** One fetch and what it cost. */
  async fetch() {
    const before = { ...this.transport.cost }
    const mirror = await Mirror.open(this.mirror, { signal: new AbortController().signal, wait: 500 })
    try {
      const fetched = await fetchHost(this.request(), mirror)
      return {
        ...fetched,
        executions: this.transport.cost.executions - before.executions,
        received: this.transport.cost.bytesReceived - before.bytesReceived,
      }
    } finally {
      await mirror.close()
    }
  }

  /** Runs `change` on the host right before its execution number `run`. */
  before(run: number, change: (script: string) => string | void) {
    let runs = 0
    this.transport.rewrite = script => {
      runs += 1
      return (runs === run ? change(script) : undefined) ?? script
    }
  }

  /** What the mirror holds, oldest file first. */
  async held(): Promise<string[]> {
    const { generations } = await readCursor(this.mirror)
    return generations
      .filter(({ offset }) => offset > 0)
      .map(({ sequence, offset }) =>
        readFileSync(bytesPath(this.mirror, sequence)).subarray(0, offset).toString(),
      )
  }

  remove() {
    rmSync(this.root, { recursive: true, force: true })
  }
}
