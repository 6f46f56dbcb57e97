import { quote } from '../../shell/quote.ts'
import { allowed } from '../check.ts'
import type { Kind, Resource } from '../resource.ts'

/** What stands for a container's state where it is not one of the host but a service of its swarm. */
const SWARM = 'swarm'

/** An engine's word for its state: `docker running`, of each engine that has it; `swarm` for a service of a swarm; undefined when there is none. */
export type AbsentContainerSeen = string | undefined

/** A host keeps the containers of an engine that its service had before. */
const look = (name: string): string => `found=
for engine in docker podman; do
  state=$($engine container inspect --format '{{.State.Status}}' ${quote(name)} 2>/dev/null) || continue
  found="$found $engine $state"
done
[ -n "$found" ] || found=$(docker service inspect --format ${SWARM} ${quote(name)} 2>/dev/null) || found=-
echo "$found"`

/** Engines and states in turn. */
const found = (seen: string): readonly { readonly engine: string; readonly state: string }[] =>
  [...seen.matchAll(/(\S+) (\S+)/g)].map(([, engine = '', state = '']) => ({ engine, state }))

export const absentContainerKind: Kind<string, AbsentContainerSeen> = {
  name: 'absent container',
  observe: names => names.map(look).join('\n'),
  parse(output, names) {
    const lines = output.split('\n').filter(line => line.trim() !== '')
    return names.map((_, index) => {
      const line = lines[index]?.trim()
      return line === '-' ? undefined : line
    })
  },
  diff: (_, seen) => {
    if (seen === undefined) return undefined
    const states = found(seen).map(({ state }) => state)
    return { action: 'remove', detail: states.join(', ') || seen }
  },
  act: (name, seen = '') => [
    seen === SWARM
      ? {
          title: `remove ${name} from the swarm`,
          // Another manager may have been asked as well.
          script: `docker service rm ${quote(name)} >/dev/null || ! docker service inspect ${quote(name)} >/dev/null 2>&1`,
        }
      : {
          title: `stop and remove container ${name}`,
          // One engine may go by both names.
          script: found(seen)
            .map(
              ({ engine }) => `if ${engine} container inspect ${quote(name)} >/dev/null 2>&1; then
  ${engine} stop ${quote(name)} >/dev/null
  ${engine} rm ${quote(name)} >/dev/null
fi`,
            )
            .join('\n'),
        },
  ],
}

/** No container with this name in any engine, and no service of the host's swarm. It gets the time to end its work that it was started with; its image stays. */
export function absentContainer(name: string): Resource<string, AbsentContainerSeen> {
  const wanted = allowed('container name', name, /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/)
  return { id: `container ${wanted}`, kind: absentContainerKind, wanted, notify: [] }
}
