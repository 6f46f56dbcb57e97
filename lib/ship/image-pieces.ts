import { join } from 'node:path'
import type { Engine } from '../container/engine.ts'
import { PieceWriter, type Piece } from './piece.ts'
import { droppable, eachEntry, readSavedImage, type SavedImage } from './saved-image.ts'

/**
 * An image cut into pieces: one for each layer, and one for all the rest. A host is sent the rest and the layers that it
 * lacks, so that hosts with different gaps share the same pieces.
 */
export class ImagePieces {
  readonly saved: SavedImage
  readonly #folder: string
  readonly #signal: AbortSignal
  readonly #layers = new Map<string, Piece>()
  #rest: Piece | undefined
  #last: Promise<unknown> = Promise.resolve()

  private constructor(saved: SavedImage, folder: string, signal: AbortSignal) {
    this.saved = saved
    this.#folder = folder
    this.#signal = signal
  }

  /** Saves the image into `folder`, which stays the caller's. */
  static async save(tag: string, engine: Engine, folder: string, signal: AbortSignal): Promise<ImagePieces> {
    const file = join(folder, 'image.tar')
    await engine.save(['save', tag], file, { signal })
    return new ImagePieces(await readSavedImage(file), folder, signal)
  }

  /** The pieces for a host that has the lowest `shared` layers already, in the order in which they make an archive. */
  async without(shared: number): Promise<readonly Piece[]> {
    const dropped = droppable(this.saved, shared)
    const names = [...new Set(this.saved.layers)].filter(name => !dropped.has(name))
    const making = this.#last.then(() => this.#make(new Set(names)))
    this.#last = making.catch(() => undefined)
    const rest = await making
    return [...names.flatMap(name => this.#layers.get(name) ?? []), rest]
  }

  /** Writes what is not there yet, in one reading of the image. */
  async #make(names: ReadonlySet<string>): Promise<Piece> {
    const known = this.#rest
    if (known !== undefined && [...names].every(name => this.#layers.has(name))) return known
    const all = new Set(this.saved.layers)
    const rest = known === undefined ? new PieceWriter(join(this.#folder, 'rest'), this.#signal) : undefined
    try {
      await eachEntry(this.saved.file, async (header, _content, stream) => {
        const { name } = header
        if (!all.has(name)) return rest?.add(header, stream)
        if (!names.has(name) || this.#layers.has(name)) return
        const writer = new PieceWriter(join(this.#folder, `layer-${this.#layers.size}`), this.#signal)
        await writer.add(header, stream)
        this.#layers.set(name, await writer.end(false))
      })
    } catch (error) {
      rest?.fail(error)
      throw error
    }
    const made = known ?? (await rest?.end(true))
    if (made === undefined) throw new Error(`${this.saved.file} holds nothing but layers`)
    this.#rest = made
    return made
  }
}
