import { promisify } from 'node:util'
import { gzip, gzipSync } from 'node:zlib'
import { randomBytes } from 'node:crypto'

/** Who runs a program on the host, and where it keeps what outlives it. */
export interface Runner {
  readonly root: boolean
  /** Shell words (not values) for the folders of locks and of handlers that are due. */
  readonly runFolder: string
  readonly stateFolder: string
}

/** As root (through sudo where the login is another user), or as the login. */
export function runnerFor(user: string, root: boolean): Runner {
  if (!root && user !== 'root') {
    const folder = '"$HOME/.local/state/fleetfile"'
    return { root: false, runFolder: folder, stateFolder: folder }
  }
  return { root: true, runFolder: '/run/fleetfile', stateFolder: '/var/lib/fleetfile' }
}

/** A word that no output and no file holds by chance. */
export const newNonce = (): string => `fleetfile-${randomBytes(16).toString('hex')}`

/**
 * A whole program for `sh` on stdin. The body is a function that the last line calls: of a program whose stream was
 * cut, nothing runs. `$argument` is the first word after the program's name.
 */
export function program(nonce: string, body: string): string {
  return `LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
nonce=${nonce}
argument=\${1-}
main() {
${body}
}
main
`
}

/**
 * Reads into `$generation` and `$boot` what tells two states of a host apart: how often acting scripts have begun and
 * ended on it, and which boot it is.
 */
export const GENERATION = `generation=0 boot=none
[ ! -e "$state/generation" ] || read -r generation <"$state/generation" || :
[ ! -r /proc/sys/kernel/random/boot_id ] || read -r boot </proc/sys/kernel/random/boot_id
case $generation in '' | *[!0-9]*) generation=0 ;; esac`

/** An execution of a program: the whole command line, constant so that no data ever shows in a process list. */
export interface Delivery {
  readonly command: 'sh' | 'gzip -dc | sh'
  readonly stdin: string | Uint8Array
}

/**
 * Characters up to which a program travels as it is, which spares the host two processes: it goes out in one flight, the ten
 * segments that RFC 6928 lets a connection begin with.
 */
const SMALL = 12 * 2 ** 10
const LARGE = 2 ** 20

/** How a program travels. */
export const delivered = (text: string): Delivery =>
  text.length <= SMALL
    ? { command: 'sh', stdin: text }
    : { command: 'gzip -dc | sh', stdin: gzipSync(text, { level: 9 }) }

/** The same without holding up everything else of the run, for a program that may carry a whole release. */
export const deliveredAside = async (text: string): Promise<Delivery> =>
  text.length <= SMALL
    ? delivered(text)
    : { command: 'gzip -dc | sh', stdin: await promisify(gzip)(text, { level: text.length > LARGE ? 1 : 9 }) }
