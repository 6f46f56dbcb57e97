import { createLogUpdate } from 'log-update'
import { Lines, type LineOptions } from './lines.ts'
import { Region } from './region.ts'
import type { Renderer } from './renderer.ts'
import type { Terminal } from './terminal.ts'

const FRAME = 100

export interface LiveOptions extends LineOptions {
  now(): Date
}

/**
 * For a terminal: finished lines scroll by, and below them stands one line for each busy host. The lower part is kept
 * below the height of the screen, since what has scrolled out of it cannot be rewritten.
 */
export function liveRenderer(stdout: Terminal, stderr: Terminal, options: LiveOptions): Renderer {
  // The cursor stays visible, so that nothing has to be restored when the process is killed.
  const update = createLogUpdate(stderr, { showCursor: true })
  const lines = new Lines(options)
  const region = new Region()
  let isShown = false
  let isPaused = false
  let timer: NodeJS.Timeout | undefined

  const clear = () => {
    if (isShown) update.clear()
    isShown = false
  }
  const draw = () => {
    if (isPaused) return
    if (region.isEmpty) return clear()
    const height = Math.max(1, Math.min(20, (stderr.rows ?? 24) - 2))
    update(region.lines(options.now().getTime(), (stderr.columns ?? 80) - 1, height).join('\n'))
    isShown = true
  }
  const stop = () => {
    clearInterval(timer)
    timer = undefined
  }
  const above = (texts: readonly string[]) => {
    if (texts.length === 0) return
    clear()
    stderr.write(texts.map(text => `${text}\n`).join(''))
  }

  const results = () => {
    for (const text of lines.results(stdout.isTTY === true)) stdout.write(`${text}\n`)
  }

  return {
    emit: event => {
      // Progress has its own line below.
      if (event.type !== 'progress') above(lines.of(event))
      region.update(event, options.now().getTime())
      if (region.isEmpty) {
        stop()
        draw()
      } else {
        timer ??= setInterval(draw, FRAME).unref()
      }
    },
    print: text => {
      above(lines.rest())
      clear()
      results()
      stdout.write(text.endsWith('\n') ? text : `${text}\n`)
    },
    pause: async work => {
      above(lines.rest())
      clear()
      isPaused = true
      try {
        return await work()
      } finally {
        isPaused = false
      }
    },
    close: () => {
      stop()
      above(lines.rest())
      clear()
      results()
    },
  }
}
