/** Settles with `work`, or rejects with `error()` as soon as `signal` is aborted. The work itself goes on. */
export async function orAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  error: () => Error,
): Promise<T> {
  if (signal === undefined) return work
  let stop: () => void = () => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(error())
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** A reason to stop that comes once, from a timer or a signal, and is kept. */
export class Stop {
  #error: Error | undefined
  readonly #listeners: ((error: Error) => void)[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #arm: () => void
  readonly #release: () => void
  #isReleased = false

  constructor(source: {
    readonly signal: AbortSignal | undefined
    readonly aborted: () => Error
    /** Milliseconds; none when undefined. */
    readonly timeout: number | undefined
    readonly timedOut: (timeout: number) => Error
  }) {
    const { signal, timeout } = source
    const onAbort = () => this.stop(source.aborted())
    this.#release = () => signal?.removeEventListener('abort', onAbort)
    this.#arm = () => {
      clearTimeout(this.#timer)
      if (timeout !== undefined) this.#timer = setTimeout(() => this.stop(source.timedOut(timeout)), timeout)
    }
    this.#arm()
    if (signal?.aborted === true) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  }

  get error(): Error | undefined {
    return this.#error
  }

  stop(error: Error): void {
    if (this.#error !== undefined) return
    this.#error = error
    for (const listener of this.#listeners.splice(0)) listener(error)
  }

  /** Calls `listener` once: now, when it has come already. */
  onStop(listener: (error: Error) => void): void {
    if (this.#error === undefined) this.#listeners.push(listener)
    else listener(this.#error)
  }

  /** Waits for the operator's `answer`, which takes its time: the timeout begins anew after it. */
  async untimed<T>(answer: Promise<T>): Promise<T> {
    clearTimeout(this.#timer)
    try {
      return await answer
    } finally {
      if (!this.#isReleased) this.#arm()
    }
  }

  /** Waits `ms`, or rejects when stopped before. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms)
      this.onStop(error => {
        clearTimeout(timer)
        reject(error)
      })
    })
  }

  /** Lets go of the timer and the signal. */
  release(): void {
    this.#isReleased = true
    clearTimeout(this.#timer)
    this.#release()
  }
}
