import { daemonReload, unitName } from '../handlers.ts'
import { withHeader } from '../header.ts'
import type { PathSeen } from '../paths.ts'
import type { Handler, Resource } from '../resource.ts'
import type { FileWanted } from './file.ts'
import { file } from './file.ts'

export interface UnitFileOptions {
  readonly name: string
  readonly content: string
  readonly notify?: readonly Handler[]
}

/** A unit of our own in /etc/systemd/system; systemd reads it again when it changes. */
export function unitFile(options: UnitFileOptions): Resource<FileWanted, PathSeen> {
  const name = unitName(options.name)
  const notify = [daemonReload, ...(options.notify ?? [])]
  return {
    ...file({ path: `/etc/systemd/system/${name}`, content: withHeader(options.content), notify }),
    id: `unit file ${name}`,
  }
}
