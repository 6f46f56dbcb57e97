import type { TaskContext } from '../task/context.ts'

/** Bytes that are there before anybody could watch them come. */
const SHORT = 1 << 20

/** Counts bytes and tells of them; what is short is not worth a word. */
export function byteProgress(
  ctx: TaskContext,
  id: string,
  text: string,
  total: number,
): (bytes: number) => void {
  let done = 0
  return bytes => {
    // An archive holds a little more than the files in it.
    done = Math.min(total, done + bytes)
    if (total >= SHORT) ctx.emit({ type: 'progress', id, text, done, total })
  }
}
