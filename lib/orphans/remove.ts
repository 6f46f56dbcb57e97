import { reload, restart } from '../resource/handlers.ts'
import { absentContainer } from '../resource/kinds/absent-container.ts'
import { absentTree } from '../resource/kinds/absent-tree.ts'
import { absentFile } from '../resource/kinds/absent-file.ts'
import { absentProgram } from '../resource/kinds/absent-program.ts'
import { absentUnit } from '../resource/kinds/absent-unit.ts'
import { absentUser } from '../resource/kinds/absent-user.ts'
import type { Handler, Resource } from '../resource/resource.ts'
import { orphanName, type Orphan } from './orphan.ts'

/** Who must hear that a file of a folder is gone. */
const READERS: readonly (readonly [string, Handler])[] = [
  ['/etc/ssh/sshd_config.d/', reload('ssh')],
  ['/etc/systemd/journald.conf.d/', restart('systemd-journald')],
]

const readersOf = (path: string): readonly Handler[] =>
  READERS.filter(([folder]) => path.startsWith(folder)).map(([, handler]) => handler)

function removal({ type, name, path = name }: Orphan): Resource {
  switch (type) {
    case 'program':
      return absentProgram(name)
    case 'unit':
      return absentUnit(name)
    case 'container':
      return absentContainer(name)
    case 'user':
      return absentUser(name)
    case 'folder':
      return absentTree(path)
    case 'cron':
    case 'file':
      return absentFile(path, { notify: readersOf(path) })
  }
}

/** The resource that takes an orphan away, under the name by which it was asked for. */
export const removalOf = (orphan: Orphan): Resource => ({ ...removal(orphan), id: orphanName(orphan) })
