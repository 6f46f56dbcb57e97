/** Part of a saved image as it travels: gzip over tar entries without an end, so that pieces after each other are one file. */
export interface PieceName {
  /** SHA-256 of its bytes, in hexadecimal: its file's name in a spool. */
  readonly digest: string
  readonly bytes: number
}

/** What is left on a host of a ship that was cut off. */
export interface Spooled {
  readonly bytes: number
  readonly sha256: string
}

/** Where pieces wait on a host until they are loaded, in a folder for each service. Only root reads it. */
export const SPOOL = '/var/lib/fleetfile/ship'

/** Home of SHIP_USER, outside of root's own folder: its keys, the command they may run, and links to pieces. */
export const SHIP_HOME = '/var/lib/fleetfile-ship'

/** The login by which hosts fetch pieces from each other. It has no key but while a ship goes on, and no shell ever. */
export const SHIP_USER = 'fleet-ship'

/** Minutes after which a piece that nobody has come back for is removed. */
export const STALE_MINUTES = 24 * 60

/** Seconds for which a key opens SHIP_USER at most, should its host never get to take it away. */
export const KEY_SECONDS = 3600
