import { join } from 'node:path'
import type { Engine } from '../container/engine.ts'
import type { Image } from '../container/image.ts'
import { blobName, layoutFiles } from './layout.ts'
import { PieceWriter, type Piece } from './piece.ts'
import { plainLayer } from './plain-layer.ts'
import { eachEntry, readSavedImage, type SavedImage } from './saved-image.ts'

type Saving = Pick<Image, 'tag' | 'layers'>

/**
 * An image cut into pieces: one for each layer, and one for all the rest. A host is sent the rest and the layers that it
 * lacks, so that hosts with different gaps, and with different engines, share the same pieces.
 */
export class ImagePieces {
  readonly saved: SavedImage
  readonly #image: Saving
  readonly #folder: string
  readonly #signal: AbortSignal
  /** The bytes of each layer, by its digest. */
  readonly #sizes = new Map<string, number>()
  readonly #layers = new Map<string, Piece>()
  #rest: Piece | undefined
  #last: Promise<unknown> = Promise.resolve()

  private constructor(saved: SavedImage, image: Saving, folder: string, signal: AbortSignal) {
    this.saved = saved
    this.#image = image
    this.#folder = folder
    this.#signal = signal
  }

  /** Saves the image into `folder`, which stays the caller's. */
  static async save(
    image: Saving,
    engine: Engine,
    folder: string,
    signal: AbortSignal,
  ): Promise<ImagePieces> {
    const file = join(folder, 'image.tar')
    await engine.save(['save', image.tag], file, { signal })
    const saved = await readSavedImage(file)
    if (saved.layers.length === image.layers.length) return new ImagePieces(saved, image, folder, signal)
    throw new Error(`${image.tag} has ${image.layers.length} layers, its file ${saved.layers.length}`)
  }

  /** The pieces for a host that has the lowest `shared` layers already, in the order in which they make an archive. */
  async without(shared: number): Promise<readonly Piece[]> {
    const wanted = new Set(this.#image.layers.slice(shared))
    const making = this.#last.then(() => this.#make(wanted))
    this.#last = making.catch(() => undefined)
    const rest = await making
    return [...[...wanted].flatMap(layer => this.#layers.get(layer) ?? []), rest]
  }

  /** Writes what is not there yet, in one reading of the image. */
  async #make(wanted: ReadonlySet<string>): Promise<Piece> {
    const known = this.#rest
    if (known !== undefined && [...wanted].every(layer => this.#layers.has(layer))) return known
    const { saved } = this
    const named = new Map(saved.layers.map((name, index) => [name, this.#image.layers[index] ?? '']))
    let config: Buffer | undefined
    await eachEntry(saved.file, async (header, content, stream) => {
      if (header.name === saved.config) config = await content()
      const layer = named.get(header.name)
      if (layer !== undefined && header.type === 'file') {
        await this.#take(layer, stream, header.size ?? 0, wanted.has(layer))
      }
    })
    if (known !== undefined) return known
    if (config === undefined) throw new Error(`${saved.file} holds no ${saved.config}`)
    const rest = await this.#write('rest', config)
    this.#rest = rest
    return rest
  }

  async #take(layer: string, saved: AsyncIterable<unknown>, size: number, isWanted: boolean): Promise<void> {
    const makes = isWanted && !this.#layers.has(layer)
    if (!makes && this.#sizes.has(layer)) return
    const { bytes, content } = await plainLayer(saved, size, join(this.#folder, `plain-${this.#sizes.size}`))
    this.#sizes.set(layer, bytes)
    if (!makes) return
    const writer = new PieceWriter(join(this.#folder, `layer-${this.#layers.size}`), this.#signal)
    await writer.add({ name: blobName(layer), size: bytes }, content)
    this.#layers.set(layer, await writer.end(false))
  }

  async #write(name: string, config: Buffer): Promise<Piece> {
    const { tag, layers } = this.#image
    const sized = layers.map(digest => ({ digest, bytes: this.#sizes.get(digest) ?? 0 }))
    const writer = new PieceWriter(join(this.#folder, name), this.#signal)
    for (const file of layoutFiles({ tag, config, layers: sized })) {
      await writer.add({ name: file.name, size: file.content.length }, [file.content])
    }
    return writer.end(true)
  }
}
