/** What a text parameter names: it is checked against the fleet before the task runs, and completed in the shell. */
export type NameOf = 'host' | 'role' | 'service' | 'service or all'

declare module 'zod' {
  interface GlobalMeta {
    /** `z.string().meta({ names: 'service' })`: the text must be a service of the fleet. */
    readonly names?: NameOf
  }
}
