import { ConfigError } from '../errors.ts'
import type { Resource } from './resource.ts'

/**
 * The resources in the order in which they are done: as listed, but each behind those that its `after` names. Throws
 * ConfigError naming ids that are not in the list, and those that wait for each other.
 */
export function inOrder(resources: readonly Resource[]): Resource[] {
  const byId = new Map(resources.map(resource => [resource.id, resource]))
  const done = new Set<string>()
  const ordered: Resource[] = []
  const place = (resource: Resource, way: readonly string[]): void => {
    const { id, after: first = [] } = resource
    if (done.has(id)) return
    const at = way.indexOf(id)
    if (at >= 0) {
      throw new ConfigError(`resources wait for each other: ${[...way.slice(at), id].join(' after ')}`)
    }
    for (const name of first) {
      const other = byId.get(name)
      if (!other) throw new ConfigError(`${id}: comes after ${name}, which is not among the host's resources`)
      place(other, [...way, id])
    }
    done.add(id)
    ordered.push(resource)
  }
  for (const resource of resources) place(resource, [])
  return ordered
}

/**
 * These resources, done after the first ones wherever they stand in the host's list. The first ones must be in the list
 * as well; this only says the order.
 *
 *     [...after(packages(['nginx']), file({ path: '/etc/nginx/conf.d/a.conf', content })), packages(['nginx'])]
 */
export function after(first: Resource | readonly Resource[], ...resources: readonly Resource[]): Resource[] {
  const ids = ('id' in first ? [first] : first).map(({ id }) => id)
  return resources.map(resource => ({ ...resource, after: [...(resource.after ?? []), ...ids] }))
}
