import { quote } from '../../shell/quote.ts'
import { allowed } from '../check.ts'
import type { Kind, Resource } from '../resource.ts'

/** docker's word for its state: `running`; undefined when there is none. */
export type AbsentContainerSeen = string | undefined

export const absentContainerKind: Kind<string, AbsentContainerSeen> = {
  name: 'absent container',
  observe: names =>
    names
      .map(
        name => `docker container inspect --format '{{.State.Status}}' ${quote(name)} 2>/dev/null || echo -`,
      )
      .join('\n'),
  parse(output, names) {
    // A failed inspect prints an empty line of its own on some engines.
    const lines = output.split('\n').filter(line => line.trim() !== '')
    return names.map((_, index) => (lines[index] === '-' ? undefined : lines[index]))
  },
  diff: (_, state) => (state === undefined ? undefined : { action: 'remove', detail: state }),
  act: name => [
    {
      title: `stop and remove container ${name}`,
      script: `docker stop ${quote(name)} >/dev/null\ndocker rm ${quote(name)} >/dev/null`,
    },
  ],
}

/** No container with this name. It gets the time to end its work that it was started with; its image stays. */
export function absentContainer(name: string): Resource<string, AbsentContainerSeen> {
  const wanted = allowed('container name', name, /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/)
  return { id: `container ${wanted}`, kind: absentContainerKind, wanted, notify: [] }
}
