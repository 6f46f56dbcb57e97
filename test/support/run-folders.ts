import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { AuditLine, RunRecord } from '../../lib/runs/record.ts'
import { folder } from './folder.ts'
import { LocalTransport } from './local-transport.ts'
import { testRecord } from './record.ts'

/** A folder of this machine in the place of a host's `/var/lib/fleetfile`, asked with a real `/bin/sh`. */
export class RunHost {
  readonly root = folder()
  readonly name: string
  readonly transport: LocalTransport

  constructor(name: string) {
    this.name = name
    this.transport = new LocalTransport(name)
    this.transport.rewrite = script => script.replaceAll('/var/lib/fleetfile', this.root)
  }

  path(run: string, file: string): string {
    return join(this.root, 'runs', run, file)
  }

  /** Writes a file of a run. */
  write(run: string, file: string, text: string | Uint8Array): this {
    mkdirSync(dirname(this.path(run, file)), { recursive: true })
    writeFileSync(this.path(run, file), text)
    return this
  }

  /** Writes a run's record, and journals by number from 1. */
  hold(record: Partial<RunRecord> & { readonly id: string }, ...journals: readonly string[]): this {
    this.write(record.id, 'run.json', JSON.stringify(testRecord(record)))
    for (const [index, text] of journals.entries())
      this.write(record.id, `${String(index + 1).padStart(3, '0')}.journal`, text)
    return this
  }

  audit(...lines: readonly (Partial<AuditLine> | string)[]): this {
    const whole = { version: 1, at: '2026-11-22T12:01:00Z', run: 'run-1', task: 'deploy', params: {} }
    const more = { owner: 'ann@laptop', outcome: 'changed', changed: 1 }
    writeFileSync(
      join(this.root, 'audit.jsonl'),
      lines
        .map(line => (typeof line === 'string' ? line : JSON.stringify({ ...whole, ...more, ...line })))
        .map(line => `${line}\n`)
        .join(''),
    )
    return this
  }
}
