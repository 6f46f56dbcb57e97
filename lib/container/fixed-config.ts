import { createHash } from 'node:crypto'
import { pack } from 'tar-stream'
import { z } from 'zod'
import { carrier } from '../release/release-tar.ts'
import type { Engine } from './engine.ts'

/** What an engine tells of an image, as far as it decides how the image runs. */
const inspected = z.object({
  Architecture: z.string(),
  Variant: z.string().optional(),
  Os: z.string(),
  Config: z.looseObject({}).nullish(),
  RootFS: z.object({ Layers: z.array(z.string()).nullish() }),
})

/**
 * An image's configuration (OCI image configuration) by what `docker image inspect` prints of it, without what says when,
 * how and by which engine it was built: the classic builder adds its containers, its version and its steps' times.
 */
export function fixedConfig(json: string, time: Date): string {
  const { Architecture, Variant = '', Os, Config, RootFS } = inspected.parse(JSON.parse(json))
  const { Image: _parent, Hostname: _hostname, ...config } = Config ?? {}
  return JSON.stringify({
    architecture: Architecture,
    ...(Variant === '' ? {} : { variant: Variant }),
    config: stated(config),
    created: time.toISOString().replace('.000Z', 'Z'),
    os: Os,
    rootfs: { type: 'layers', diff_ids: RootFS.Layers ?? [] },
  })
}

/** Clients of other versions print other fields that say nothing, in another order. */
const stated = (config: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(config)
      .filter(([, value]) => ![undefined, 'null', '""', 'false', '[]', '{}'].includes(JSON.stringify(value)))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )

/**
 * Gives an image the configuration that the same release has everywhere, so that equal layers are an equal image. The
 * engine has all layers, so only the configuration is loaded. Where the engine wants more than that, the image stays as it
 * was built.
 */
export async function fixImage(engine: Engine, tag: string, time: Date, signal: AbortSignal): Promise<void> {
  const json = await engine.run(['image', 'inspect', '--format', '{{json .}}', tag], { signal })
  const config = fixedConfig(json, time)
  const { rootfs } = z
    .object({ rootfs: z.object({ diff_ids: z.array(z.string()) }) })
    .parse(JSON.parse(config))
  const name = `${createHash('sha256').update(config).digest('hex')}.json`
  // Names of files that are not there: an engine that knows a layer does not open it.
  const layers = rootfs.diff_ids.map(digest => `${digest.replace('sha256:', '')}/layer.tar`)
  const out = pack()
  out.entry({ name }, config)
  out.entry({ name: 'manifest.json' }, JSON.stringify([{ Config: name, RepoTags: [tag], Layers: layers }]))
  out.finalize()
  await engine.run(['load', '--quiet'], { signal, stdin: out.pipe(carrier(out)) }).catch((error: unknown) => {
    if (signal.aborted) throw error
  })
}
