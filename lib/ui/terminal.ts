/** A stream to write to, which may be a terminal. `process.stdout` is one; tests capture with another. */
export type Terminal = NodeJS.WritableStream & {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

export type Env = Readonly<Record<string, string | undefined>>

/** Whether CI says that nobody is watching. `CI=false` and `CI=0` mean no. */
export const isCi = (env: Env): boolean => !['', '0', 'false', undefined].includes(env.CI)

/** Colours only on a terminal with a person before it (https://no-color.org). */
export const hasColour = (terminal: Terminal, env: Env): boolean =>
  terminal.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb' && !isCi(env)
