import { ensureEngine } from '../../lib/providers/lab/engine.ts'

/** A Docker engine for the labs of the tests: installed and started where there is none, as `npm test` promises. */
export async function setup(): Promise<void> {
  const emit = (event: { type: string; text?: string }) => {
    if (event.text !== undefined) process.stdout.write(`${event.text}\n`)
  }
  await ensureEngine({ install: true, emit, signal: new AbortController().signal })
}
