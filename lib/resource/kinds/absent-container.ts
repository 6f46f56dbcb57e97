import { quote } from '../../shell/quote.ts'
import { allowed } from '../check.ts'
import type { Kind, Resource } from '../resource.ts'

/** What stands for a container's state where it is not one of the host but a service of its swarm. */
const SWARM = 'swarm'

/** docker's word for its state: `running`; `swarm` for a service of a swarm; undefined when there is none. */
export type AbsentContainerSeen = string | undefined

export const absentContainerKind: Kind<string, AbsentContainerSeen> = {
  name: 'absent container',
  observe: names =>
    names
      .map(
        name =>
          `docker container inspect --format '{{.State.Status}}' ${quote(name)} 2>/dev/null ||
docker service inspect --format ${SWARM} ${quote(name)} 2>/dev/null || echo -`,
      )
      .join('\n'),
  parse(output, names) {
    // A failed inspect prints an empty line of its own on some engines.
    const lines = output.split('\n').filter(line => line.trim() !== '')
    return names.map((_, index) => (lines[index] === '-' ? undefined : lines[index]))
  },
  diff: (_, state) => (state === undefined ? undefined : { action: 'remove', detail: state }),
  act: (name, state) => [
    state === SWARM
      ? {
          title: `remove ${name} from the swarm`,
          // Another manager may have been asked as well.
          script: `docker service rm ${quote(name)} >/dev/null || ! docker service inspect ${quote(name)} >/dev/null 2>&1`,
        }
      : {
          title: `stop and remove container ${name}`,
          script: `docker stop ${quote(name)} >/dev/null\ndocker rm ${quote(name)} >/dev/null`,
        },
  ],
}

/** No container with this name, and no service of the host's swarm. It gets the time to end its work that it was started with; its image stays. */
export function absentContainer(name: string): Resource<string, AbsentContainerSeen> {
  const wanted = allowed('container name', name, /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/)
  return { id: `container ${wanted}`, kind: absentContainerKind, wanted, notify: [] }
}
