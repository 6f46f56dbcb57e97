import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from 'tar-stream'
import { z } from 'zod'
import type { Engine } from './engine.ts'
import { carrier } from '../rollout/release-tar.ts'
import { readSavedImage } from './saved-image.ts'

const configSchema = z.looseObject({
  created: z.string().optional(),
  config: z.looseObject({}).optional(),
  history: z.array(z.looseObject({ created: z.string().optional() })).optional(),
})

/**
 * An image's configuration without what says when and by which engine it was built (OCI image configuration; the classic
 * builder adds its containers and its version). Times after `time` become `time`.
 */
export function fixedConfig(text: string, time: Date): string {
  const parsed = configSchema.parse(JSON.parse(text))
  const fixed = time.toISOString().replace('.000Z', 'Z')
  const clamp = (at: string | undefined) => (at === undefined || Date.parse(at) > time.getTime() ? fixed : at)
  const {
    container: _container,
    container_config: _containerConfig,
    docker_version: _version,
    config = {},
    history = [],
    ...rest
  } = parsed
  const { Image: _parent, Hostname: _hostname, ...kept } = config
  return JSON.stringify({
    ...rest,
    config: kept,
    history: history.map(entry => ({ ...entry, created: clamp(entry.created) })),
    created: fixed,
  })
}

/**
 * Gives an image the configuration that the same release has everywhere, so that equal layers are an equal image. The
 * engine has all layers, so only the configuration is loaded. Where the engine wants more than that, the image stays as it
 * was built.
 */
export async function fixImage(engine: Engine, tag: string, time: Date, signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-image-'))
  try {
    const file = join(folder, 'image.tar')
    await engine.save(['save', tag], file, { signal })
    const saved = await readSavedImage(file)
    const config = fixedConfig(saved.config, time)
    const digest = createHash('sha256').update(config).digest('hex')
    if (`sha256:${digest}` === saved.id) return
    const out = pack()
    const manifest = [{ Config: `${digest}.json`, RepoTags: [tag], Layers: saved.layers }]
    out.entry({ name: `${digest}.json` }, config)
    out.entry({ name: 'manifest.json' }, JSON.stringify(manifest))
    out.finalize()
    await engine
      .run(['load', '--quiet'], { signal, stdin: out.pipe(carrier(out)) })
      .catch((error: unknown) => {
        if (signal.aborted) throw error
      })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
