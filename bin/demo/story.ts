/** What one step of the demo has to say when it is over. */
export interface Told {
  readonly title: string
  readonly seconds: number
  readonly says: string
}

/** Where the demo shows itself. */
export interface Stage {
  line(text: string): void
  /** What happens right now; replaced by the next one, and left out where there is no terminal. */
  now(text: string): void
}

/** Runs one step, says how long it took and what came of it. */
export async function tell(stage: Stage, title: string, step: () => Promise<string>): Promise<Told> {
  const started = performance.now()
  stage.now(title)
  const says = await step()
  const seconds = (performance.now() - started) / 1000
  stage.line(`${title.padEnd(44)} ${seconds.toFixed(1).padStart(6)} s   ${says}`)
  return { title, seconds, says }
}
