import type { Resource, Step } from '../../lib/resource/resource.ts'

/** A resource that is never as wanted; its only step is this script. */
export const script = (id: string, code: string, more: Pick<Step, 'timeout' | 'stdin'> = {}): Resource => ({
  id,
  kind: {
    name: id,
    observe: () => ':',
    parse: (_, wanted) => wanted,
    diff: () => ({ action: 'run', detail: 'test' }),
    act: () => [{ title: id, script: code, ...more }],
  },
  wanted: undefined,
  notify: [],
})
