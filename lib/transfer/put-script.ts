import { createReadStream } from 'node:fs'
import { pack } from 'tar-stream'
import { ConfigError } from '../errors.ts'
import { addEntry, carrier } from '../release/release-tar.ts'
import { quote } from '../shell/quote.ts'
import type { PutPlan, SentFile } from './put-plan.ts'
import { parentOf } from './remote-state.ts'

/** The name of the script in the archive; files are called by their number, so that no name of a user is ever a tar's. */
const INSTALL = 'install'
/** Bytes read from a file at once. */
const PIECE = 256 * 1024

/**
 * The command that takes the archive: it is unpacked beside the target, in a folder of its own, and nothing of the host
 * has changed until all of it is there.
 */
export const receiveCommand = (beside: string): string =>
  [
    'set -eu; umask 077',
    `stage=$(mktemp -d -- ${quote(`${beside === '/' ? '' : beside}/.fleet-put-XXXXXXXX`)})`,
    `trap 'rm -rf -- "$stage"' EXIT`,
    `trap 'exit 1' HUP INT TERM`,
    'cd -- "$stage"',
    'tar -x --no-same-owner --no-same-permissions -f -',
    `sh ./${INSTALL}`,
  ].join('\n')

/** Checks all files, gives them their owner and mode, writes them to disk, and only then puts them in their places. */
export function installScript(plan: PutPlan): string {
  const { files, folders } = plan
  const parents = [...new Set([...files.map(({ to }) => parentOf(to)), ...folders.map(parentOf)])]
  const ready = ({ file, mode, owner }: SentFile, index: number) => [
    `[ "$(sha256sum <f${index})" = '${file.sha256}  -' ] || { echo 'what arrived of '${quote(file.path || file.source)}' is not what was sent' >&2; exit 1; }`,
    ...(owner === undefined ? [] : [`chown -- ${quote(owner)} f${index}`]),
    `chmod -- ${quote(mode)} f${index}`,
  ]
  return [
    'set -eu; export LC_ALL=C',
    ...files.flatMap(ready),
    ...files.map((_, index) => `sync -- f${index}`),
    ...folders.map(folder => `mkdir -m 0755 -- ${quote(folder)}`),
    ...files.map(({ to }, index) => `mv -fT -- f${index} ${quote(to)}`),
    ...parents.map(parent => `sync -- ${quote(parent)}`),
    '',
  ].join('\n')
}

/** A file's bytes; throws ConfigError when they are not as many as were read before. */
async function* contentOf({ file }: SentFile, count: (bytes: number) => void): AsyncIterable<Uint8Array> {
  let sent = 0
  for await (const chunk of createReadStream(file.source, { highWaterMark: PIECE })) {
    const bytes = Buffer.from(chunk)
    sent += bytes.length
    if (sent > file.size) break
    count(bytes.length)
    yield bytes
  }
  if (sent !== file.size) throw new ConfigError(`${file.source} changed while it was sent`)
}

/** The archive of a plan as it goes over the wire: its script, then its files, read as fast as they are taken. */
export function archiveOf(plan: PutPlan, count: (bytes: number) => void): AsyncIterable<Uint8Array> {
  const archive = pack()
  const fill = async () => {
    archive.entry({ name: INSTALL, mode: 0o600 }, installScript(plan))
    for (const [index, sent] of plan.files.entries()) {
      await addEntry(
        archive,
        { name: `f${index}`, size: sent.file.size, mode: 0o600 },
        contentOf(sent, count),
      )
    }
    archive.finalize()
  }
  fill().catch((error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))))
  return archive.pipe(carrier(archive))
}
