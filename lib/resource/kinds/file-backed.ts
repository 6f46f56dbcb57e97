import type { PathSeen } from '../paths.ts'
import type { Change, Kind, Step } from '../resource.ts'
import type { FileWanted } from './file.ts'
import { fileKind } from './file.ts'

/** Something that a file describes and that also lives in the kernel or in a program. */
export interface FileBacked {
  readonly file: FileWanted
}

/** What was seen of the file, and of what lives. */
export interface FileBackedSeen<Live> {
  readonly file: PathSeen
  readonly live: Live
}

/** The live half of a kind: the same parts as a kind's, `act` without the file. */
export interface LiveKind<Wanted, Live> {
  readonly name: string
  observe(wanted: readonly Wanted[]): string
  parse(output: string, wanted: readonly Wanted[]): readonly Live[]
  /** What differs, in words. */
  differs(wanted: Wanted, live: Live): readonly string[]
  /** Brings the live half to what the file says; runs after each change of the file. */
  load(wanted: Wanted, live: Live): readonly Step[]
  note?(wanted: Wanted, live: Live): string | undefined
}

const SEPARATOR = '\n=live=\n'

const filesOf = (wanted: readonly FileBacked[]): FileWanted[] => wanted.map(({ file }) => file)

/** A kind of two halves: it differs when either does, writes the file when that does, then loads it. */
export function fileBacked<Wanted extends FileBacked, Live>(
  half: LiveKind<Wanted, Live>,
): Kind<Wanted, FileBackedSeen<Live>> {
  return {
    name: half.name,
    observe: wanted => `${fileKind.observe(filesOf(wanted))}\nprintf '\\n=live=\\n'\n${half.observe(wanted)}`,
    parse(output, wanted) {
      const at = output.indexOf(SEPARATOR)
      const files = fileKind.parse(output.slice(0, at), filesOf(wanted))
      const lives = half.parse(output.slice(at + SEPARATOR.length), wanted)
      return wanted.map((_, index) => {
        const [file, live] = [files[index], lives[index]]
        if (file === undefined || live === undefined)
          throw new RangeError(`${half.name}: an item was not seen`)
        return { file, live }
      })
    },
    diff(wanted, seen): Change | undefined {
      const change = fileKind.diff(wanted.file, seen.file)
      const parts = half.differs(wanted, seen.live)
      if (!change && parts.length === 0) return undefined
      const detail = [...(change ? [change.detail] : []), ...parts].join(', ')
      return { action: change?.action ?? 'change', detail }
    },
    act(wanted, seen) {
      const change = fileKind.diff(wanted.file, seen.file)
      return [...(change ? fileKind.act(wanted.file, seen.file) : []), ...half.load(wanted, seen.live)]
    },
    note: (wanted, seen) => half.note?.(wanted, seen.live),
    body: ({ file }) => ({ path: file.path, content: file.content }),
    replaced: ({ file }) => file.sha256,
  }
}
