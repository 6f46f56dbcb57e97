import { ConfigError } from '../errors.ts'
import type { Manifest } from '../release/manifest.ts'

/**
 * Throws ConfigError where hosts know a release's image by different ids, as engines with different kinds of store do: a
 * swarm starts one id on any of its hosts. `manifests` is what each host is to run, by its name.
 */
export function refuseMixedImages(manifests: ReadonlyMap<string, Pick<Manifest, 'image'>>): void {
  const [[first, one] = ['', undefined], ...others] = manifests
  const [other] = others.find(([, { image }]) => image !== one?.image) ?? []
  if (other === undefined) return
  throw new ConfigError(`${first} and ${other} know the image by different ids: a swarm wants one`, {
    hint: `fleet exec --on ${first},${other} -- docker info --format '{{.Driver}} {{.DriverStatus}}'`,
  })
}
