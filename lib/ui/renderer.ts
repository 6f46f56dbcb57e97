import type { EventSink } from '../events/event.ts'

/** Shows a run as it goes. */
export interface Renderer {
  readonly emit: EventSink
  /** Results, to stdout. */
  print(text: string): void
  /** Keeps the screen still while something else, a prompt, uses the terminal. */
  pause<T>(work: () => Promise<T>): Promise<T>
  /** Prints what is still held back and leaves the terminal as it was. */
  close(): void
}
