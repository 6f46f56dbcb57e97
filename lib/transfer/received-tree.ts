import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'
import { CommandError, FleetError, messageOf } from '../errors.ts'

/** What came from a host: paths below the folder it was unpacked in, parents first. */
export interface ReceivedTree {
  readonly folders: readonly string[]
  readonly files: readonly string[]
  /** Links, devices, names that are no text and the like, by what they are. They are not written. */
  readonly left: readonly string[]
}

/**
 * The path of an archive's entry under another name for its first part. Undefined for a name that leads anywhere else:
 * an archive is what a host says, and a host may say anything.
 */
export function pathOf(entry: string, base: string, name: string): string | undefined {
  const parts = entry.replace(/^\.\//, '').replace(/\/$/, '').split('/')
  if (parts.some(part => part === '' || part === '.' || part === '..' || part.includes('\0')))
    return undefined
  const [first, ...rest] = parts
  return first === base ? [name, ...rest].join('/') : undefined
}

/** The bytes of an entry. Throws when there are fewer: a stream that was given up looks as if it had ended. */
async function* whole(entry: AsyncIterable<unknown>, size: number): AsyncIterable<Uint8Array> {
  let left = size
  for await (const chunk of entry) {
    if (!(chunk instanceof Uint8Array)) continue
    left -= chunk.length
    yield chunk
  }
  if (left > 0) throw new Error('the archive was cut short')
}

/** A tar archive that arrives in pieces and is unpacked into an empty folder of ours as it comes. */
export class Receiver {
  readonly #reader = extract()
  readonly #done: Promise<ReceivedTree>
  #room: number
  #stopped: Error | undefined
  #drained: Promise<void> | undefined

  /** `base` is what the host calls it, `name` what it is called here. `most` is in bytes. */
  constructor(
    folder: string,
    { host, base, name, most }: { host: string; base: string; name: string; most: number },
  ) {
    this.#room = most
    this.#done = this.#unpack(folder, host, base, name).catch((error: unknown) => {
      const cause = this.#stopped ?? error
      // Errors of ours and of the disk speak for themselves.
      if (cause instanceof FleetError || (cause instanceof Error && 'syscall' in cause)) throw cause
      throw new CommandError(`what it sends is no whole archive: ${messageOf(cause)}`, { host, cause })
    })
    this.#done.catch(() => undefined)
  }

  /** Resolves when the next piece may come. Rejects when the archive is not one that is taken. */
  async push(chunk: Uint8Array): Promise<void> {
    this.#room -= chunk.length
    if (this.#room < 0) {
      await this.stop(new Error('it sends more than it said it has'))
      await this.#done
    }
    if (this.#reader.write(chunk)) return
    this.#drained ??= new Promise(resolve => {
      this.#reader.once('drain', () => {
        this.#drained = undefined
        resolve()
      })
    })
    await Promise.race([this.#drained, this.#done])
  }

  end(): Promise<ReceivedTree> {
    this.#reader.end(undefined)
    return this.#done
  }

  /** Gives up. Resolves when nothing is written any more. */
  async stop(reason: Error): Promise<void> {
    this.#stopped ??= reason
    this.#reader.destroy(reason)
    await Promise.allSettled([this.#done])
  }

  async #unpack(folder: string, host: string, base: string, name: string): Promise<ReceivedTree> {
    const tree = { folders: new Array<string>(), files: new Array<string>(), left: new Array<string>() }
    for await (const entry of this.#reader) {
      const { header } = entry
      const path = pathOf(header.name, base, name)
      if (path === undefined) {
        throw new CommandError(
          `sends a file called ${JSON.stringify(header.name)}, which was not asked for`,
          { host },
        )
      }
      const place = join(folder, path)
      if (path.includes('\u{FFFD}')) {
        // Two of them may look the same here, and neither would come back under its name.
        tree.left.push(`${path} (a name that is not UTF-8)`)
        entry.resume()
      } else if (header.type === 'directory') {
        await mkdir(place, { mode: 0o700 })
        tree.folders.push(path)
        entry.resume()
      } else if (header.type === 'file' || header.type === 'contiguous-file') {
        // Only for their owner: what a server keeps to itself is not shown to others here.
        const mode = ((header.mode ?? 0) & 0o100) === 0 ? 0o600 : 0o700
        await mkdir(dirname(place), { recursive: true, mode: 0o700 })
        await pipeline(whole(entry, header.size ?? 0), createWriteStream(place, { flags: 'wx', mode }))
        tree.files.push(path)
      } else {
        tree.left.push(`${path} (${header.type})`)
        entry.resume()
      }
    }
    if (this.#stopped !== undefined) throw this.#stopped
    return tree
  }
}
