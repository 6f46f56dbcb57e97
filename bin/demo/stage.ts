import { createLogUpdate } from 'log-update'
import { clip } from '../../lib/text/clip.ts'
import type { Stage } from './story.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** The demo's screen: finished lines stay, and at a terminal one line below them says what happens right now. */
export function openStage(out: NodeJS.WriteStream, isLive: boolean): Stage & Disposable {
  if (!isLive) {
    return { line: text => void out.write(`${text}\n`), now: () => {}, [Symbol.dispose]: () => {} }
  }
  const update = createLogUpdate(out)
  let current = ''
  let frame = 0
  const draw = () => {
    frame = (frame + 1) % FRAMES.length
    if (current !== '') update(`${FRAMES[frame]} ${clip(current, (out.columns ?? 80) - 3)}`)
  }
  const timer = setInterval(draw, 100)
  return {
    line(text) {
      current = ''
      update.clear()
      out.write(`${text}\n`)
    },
    now(text) {
      current = text
      draw()
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      update.clear()
      update.done()
    },
  }
}
