import { createHash } from 'node:crypto'
import type { Kind, Resource, Step } from '../resource/resource.ts'
import { editionOf, parseManifest, serviceFolder, type Manifest } from '../release/manifest.ts'
import { quote } from '../shell/quote.ts'
import type { Secret } from '../shell/secret.ts'

interface Wanted {
  readonly manifest: Manifest
  readonly env: Secret
}

interface Seen {
  readonly envDigest: string
  readonly manifest: Manifest | undefined
}

const pathOf = ({ manifest }: Wanted): string => `${serviceFolder(manifest.service)}/${editionOf(manifest)}`

const kind: Kind<Wanted, Seen> = {
  name: 'release-files',
  observe: wanted =>
    wanted
      .map(item => {
        const path = quote(pathOf(item))
        return `e=; m=; [ ! -f ${path}.env ] || e=$(sha256sum <${path}.env | cut -c1-64)
[ ! -f ${path}.json ] || m=$(base64 -w0 <${path}.json)
printf '%s %s\\n' "\${e:--}" "\${m:--}"`
      })
      .join('\n'),
  parse: (output, wanted) => {
    const lines = output.split('\n')
    return wanted.map((_, index) => {
      const [envDigest = '', encoded = ''] = (lines[index] ?? '').split(' ')
      return { envDigest, manifest: parseManifest(Buffer.from(encoded, 'base64').toString('utf8')) }
    })
  },
  diff: ({ manifest, env }, seen) => {
    const digest = createHash('sha256').update(env.reveal()).digest('hex')
    // Another operator's engine may have made another image of the same release.
    const known = seen.manifest !== undefined && editionOf(seen.manifest) === editionOf(manifest)
    if (known && seen.manifest?.image === manifest.image && seen.envDigest === digest) return undefined
    return { action: 'create', detail: `release ${manifest.label} (${editionOf(manifest)})` }
  },
  act: item => {
    const path = pathOf(item)
    const write = (suffix: string, stdin: string | Secret): Step => ({
      title: `write ${path}${suffix}`,
      // Written aside and renamed: a slot never starts from half a file.
      script: `umask 077; mkdir -p ${quote(serviceFolder(item.manifest.service))}
cat >${quote(`${path}${suffix}.new`)}; mv ${quote(`${path}${suffix}.new`)} ${quote(`${path}${suffix}`)}`,
      stdin,
    })
    return [write('.env', item.env), write('.json', `${JSON.stringify(item.manifest, undefined, 2)}\n`)]
  },
}

/**
 * A release's manifest and environment on a host, each in a file of its own (0600, root): what a rollback starts
 * from, whatever the fleet file says by then. An edition that is there is never written again.
 */
export const releaseFiles = (manifest: Manifest, env: Secret): Resource<Wanted, Seen> => ({
  id: `release ${manifest.service} ${editionOf(manifest)}`,
  kind,
  wanted: { manifest, env },
  notify: [],
})
