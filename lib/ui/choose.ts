import { jsonRenderer } from './json.ts'
import { plainRenderer } from './plain.ts'
import type { Renderer } from './renderer.ts'
import { hasColour, isCi, type Env, type Terminal } from './terminal.ts'

export interface ScreenOptions {
  readonly stdout: Terminal
  readonly stderr: Terminal
  readonly env: Env
  readonly json: boolean
  readonly verbosity: number
  now(): Date
}

/** The renderer that fits where the output goes. */
export async function chooseRenderer(options: ScreenOptions): Promise<Renderer> {
  const { stdout, stderr, env, json, verbosity } = options
  if (json) return jsonRenderer(stdout)
  const colour = hasColour(stderr, env)
  const canMove = stderr.isTTY === true && env.TERM !== 'dumb' && !isCi(env)
  if (!canMove) return plainRenderer(stdout, stderr, { verbosity, colour })
  const { liveRenderer } = await import('./live.ts')
  return liveRenderer(stdout, stderr, { verbosity, colour, now: () => options.now() })
}
