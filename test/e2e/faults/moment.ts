/** An instant of a run: the first script that holds `script`, begun in or behind the phase that begins with `phase`. */
export interface Moment {
  readonly phase: string
  readonly script: string
  /** How many such scripts are let through. */
  readonly after?: number
}

/** Tells when the moment has come, from the phases and scripts as they begin. */
export class Watch {
  readonly #moment: Moment
  #left: number
  #behind = false

  constructor(moment: Moment) {
    this.#moment = moment
    this.#left = moment.after ?? 0
  }

  phase(title: string): void {
    this.#behind ||= title.startsWith(this.#moment.phase)
  }

  /** Whether this is the script. */
  isNow(script: string): boolean {
    return this.#behind && script.includes(this.#moment.script) && this.#left-- === 0
  }
}
