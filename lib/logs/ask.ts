import { FleetError } from '../errors.ts'
import type { Transport } from '../transport/transport.ts'
import { readCursor } from './cursor.ts'
import { fetchHost, previewHost } from './fetch-host.ts'
import { hostDirectory, Mirror } from './mirror.ts'
import type { HostAnswer } from './report.ts'
import { withSilenceLimit } from './silence.ts'

export interface Question {
  readonly host: string
  readonly connect: () => Promise<Transport>
  /** Folder of the user's mirrors. */
  readonly userFolder: string
  readonly directory: string
  readonly user: string
  readonly now: () => number
  readonly signal: AbortSignal
  /** Milliseconds without a byte after which a host counts as not answering. */
  readonly silence: number
  /** Only find out what a fetch would bring. */
  readonly preview: boolean
}

/** Errors that are the host's or the disk's; anything else is a bug and has to show as one. */
const expected = (error: unknown): error is Error =>
  error instanceof FleetError || (error instanceof Error && 'syscall' in error)

/**
 * Asks one host for what is new and brings its mirror up to date. A host that fails is an answer as well, so that the
 * others count; rejects only when `signal` aborts, and on a bug.
 */
export async function askHost(question: Question): Promise<HostAnswer> {
  const { host, userFolder, directory, user, now, signal, silence } = question
  try {
    return await withSilenceLimit(host, silence, signal, async (stop, alive) => {
      const transport = await question.connect()
      alive()
      const before = transport.cost.bytesReceived
      const request = { transport, directory, user, now, signal: stop, alive }
      const folder = hostDirectory(userFolder, host)
      const answer = (fetched: Awaited<ReturnType<typeof fetchHost>>) => ({
        host,
        fetched,
        transferred: transport.cost.bytesReceived - before,
      })
      if (question.preview) return answer(await previewHost(request, await readCursor(folder)))
      const mirror = await Mirror.open(folder, { signal: stop, wait: silence / 2 })
      try {
        return answer(await fetchHost(request, mirror))
      } finally {
        await mirror.close()
      }
    })
  } catch (error) {
    if (signal.aborted || !expected(error)) throw error
    return { host, error }
  }
}
