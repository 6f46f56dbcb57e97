import type { Line } from './measure.ts'
import type { Endpoint } from './stage.ts'
import type { Row, RowId } from './rows.ts'

/** Where a row is played: the hosts, and a folder with what every tool reads. */
export interface Scene {
  readonly row: Row
  readonly hosts: readonly Endpoint[]
  readonly identity: string
  readonly folder: string
  /** OpenSSH's configuration with all hosts by name, and their keys. */
  readonly sshConfig: string
  readonly knownHosts: string
}

/** One of the programs that are compared. */
export interface Tool {
  /** As in the results: `ansible (Debian)`. */
  readonly name: string
  /** Which goals count for it: `ansible`, `mitogen`, `fabric`. */
  readonly family: string
  /** The rows that it is measured in, all unless told. */
  readonly rows?: readonly RowId[]
  /** Its version; undefined when it is not on this machine. */
  version(): Promise<string | undefined>
  /** How it is installed. */
  readonly install: readonly string[]
  /** Writes what it reads. Called once for each scene, not measured. */
  prepare(scene: Scene): Promise<void>
  /** The command line for a round; undefined where the tool has no part in the row. */
  line(scene: Scene, round: string): Line | undefined
  /** Brings hosts to where it finds nothing to change; undefined when an apply of ours has done that. */
  converge?(scene: Scene): Line
  /** Why the output shows that the work was not done; undefined when it was. */
  wrong(scene: Scene, output: string): string | undefined
}

/** The command of the rows that run one. */
export const COMMAND = 'uptime'
