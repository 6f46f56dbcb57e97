import { CommandError } from '../errors.ts'
import { sanitise } from '../text/sanitise.ts'
import type { Transport } from '../transport/transport.ts'
import { ELEVATED, inspectScript, MARKER, type Fingerprint } from './script.ts'
import { measureSkew, type Skew } from './skew.ts'
import { zoneOf, type HostZone } from './zone.ts'

/** One file as the host showed it; newest first, `suffix` 0 being the one without a number. */
export interface HostFile {
  readonly suffix: number
  /** Decimal text: a device or inode number may be larger than a double holds. */
  readonly device: string
  readonly inode: string
  readonly size: number
  /** Milliseconds since 1970, by the host's clock. */
  readonly changed: number
  readonly headLength: number
  readonly head: string
  /** Sequence numbers of the known files that it continues. */
  readonly continues: readonly number[]
}

export interface Inspection {
  readonly files: readonly HostFile[]
  readonly zone: HostZone
  readonly skew: Skew
  readonly directoryMissing: boolean
  /** Suffixes of paths that are no regular file, and of files that could not be opened. */
  readonly skipped: readonly number[]
  readonly unreadable: readonly number[]
}

export interface HostRequest {
  readonly transport: Transport
  readonly directory: string
  readonly user: string
  readonly now: () => number
  readonly signal: AbortSignal
  /** Called with every sign of life. */
  readonly alive: () => void
}

/** What an inspection says first, whole: the host has read its clock by then. */
const CLOCK = new RegExp(`${MARKER}clock [^\\n]*\\n`)

/** Characters that it may take. */
const LONGEST = 256

const FILE = /^file (\d) (\d+) (\d+) (\d+) (-?\d+) (\d+) ([0-9a-f]{64})$/

function fileOf(line: string, continues: readonly number[]): HostFile | undefined {
  const match = FILE.exec(line)
  if (match === null) return undefined
  const [, suffix, device = '', inode = '', size, changed, headLength, head = ''] = match
  return {
    suffix: Number(suffix),
    device,
    inode,
    size: Number(size),
    changed: Number(changed) * 1000,
    headLength: Number(headLength),
    head,
    continues,
  }
}

/** What an inspection said, as lists of the words after each first word. Throws when it does not end as it must. */
function linesOf(host: string, output: string): readonly string[] {
  const start = output.indexOf(MARKER)
  const lines = start === -1 ? [] : output.slice(start + MARKER.length).split('\n')
  if (lines.at(-2) === 'done') return lines.slice(0, -2)
  throw new CommandError('the list of log files broke off', {
    host,
    hint: `does the login shell write something of its own? fleet status --on ${host}`,
  })
}

/** Reads an inspection's output. `sent` and `received` are our clock around it, in milliseconds. */
export function parseInspection(host: string, output: string, sent: number, received: number): Inspection {
  const lines = linesOf(host, output)
  const rest = (word: string) =>
    lines.filter(line => line.startsWith(`${word} `)).map(line => line.slice(word.length + 1))
  if (lines.includes('denied')) {
    throw new CommandError('may not read the log directory', {
      host,
      hint: 'give the login sudo without a password, or the right to read that directory',
    })
  }
  const clock = Number(rest('clock')[0]) * 1000
  const matches = rest('match').map(line => line.split(' ').map(Number))
  const files = lines
    .map(line => fileOf(line, []))
    .filter(file => file !== undefined)
    .map(file => ({
      ...file,
      continues: matches.flatMap(([suffix, sequence]) =>
        suffix === file.suffix && sequence !== undefined ? [sequence] : [],
      ),
    }))
  // A rotation while we looked shows one file under two names.
  const unique = files.filter(
    (file, at) =>
      files.findIndex(({ device, inode }) => device === file.device && inode === file.inode) === at,
  )
  return {
    files: unique,
    zone: zoneOf({ link: rest('link')[0], file: rest('zone')[0], offset: rest('offset')[0] ?? '' }, clock),
    skew: measureSkew(sent, clock, received),
    directoryMissing: lines.includes('missing'),
    skipped: rest('skipped').map(Number),
    unreadable: rest('unreadable').map(Number),
  }
}

/** Lists the user's files on one host, in one execution. `known` are the fingerprints of files we already have. */
export async function inspectHost(
  { transport, directory, user, now, signal, alive }: HostRequest,
  known: ReadonlyMap<number, Fingerprint>,
): Promise<Inspection> {
  const sent = now()
  let received: number | undefined
  let begin = ''
  const result = await transport.exec(ELEVATED.text, {
    stdin: inspectScript(directory, user, known),
    signal,
    onStdout: chunk => {
      alive()
      if (received !== undefined) return
      begin += Buffer.from(chunk).toString('latin1')
      if (CLOCK.test(begin)) received = now()
      // A greeting may be long.
      begin = begin.slice(-LONGEST)
    },
  })
  if (result.exitCode !== 0) {
    throw new CommandError(
      `listing the log files ended with exit code ${result.exitCode}: ${sanitise(result.stderr.toString(), 'lines').trim().slice(0, 200)}`,
      { host: transport.host },
    )
  }
  return parseInspection(transport.host, result.stdout.toString('latin1'), sent, received ?? now())
}
