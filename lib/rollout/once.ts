import type { Kind, Resource } from '../resource/resource.ts'
import { quote } from '../shell/quote.ts'

/** A command that runs once per host for its id, and again only when it has failed. */
export interface Once {
  /** Unique on the host and safe as a file name. */
  readonly id: string
  readonly title: string
  readonly script: string
}

/** Seconds. A migration of a large table takes its time; killing it half-way is worse. */
const PATIENCE = 6 * 3600

const DONE = '/var/lib/fleetfile/once'

/** What a host keeps of a command that ran once. */
export const onceMark = (id: string): string => `${DONE}/${id}`

const onceKind: Kind<Once, boolean> = {
  name: 'once',
  observe: wanted =>
    wanted.map(({ id }) => `[ -e ${quote(onceMark(id))} ] && echo done || echo missing`).join('\n'),
  parse: output =>
    output
      .trimEnd()
      .split('\n')
      .map(line => line === 'done'),
  diff: (wanted, done) => (done ? undefined : { action: 'run', detail: wanted.title }),
  act: ({ id, title, script }) => [
    {
      title,
      timeout: PATIENCE,
      script: `${script}\nmkdir -p ${quote(DONE)}\ntouch ${quote(onceMark(id))}`,
    },
  ],
}

/** Runs `script` once on this host, however often it is applied: migrations of a release, one-off imports. */
export const once = (wanted: Once): Resource<Once, boolean> => ({
  id: `once ${wanted.id}`,
  kind: onceKind,
  wanted,
  notify: [],
})
