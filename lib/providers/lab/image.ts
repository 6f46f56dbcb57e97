import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { AbortedError, ApiError, ConfigError } from '../../errors.ts'
import { lastLines } from '../../text/last-lines.ts'
import type { ProviderCall } from '../provider.ts'
import { type Debian, DEFAULT_DEBIAN, registryImage, rootImage } from './debian.ts'
import { docker, dockerError, tryDocker } from './docker.ts'
import { withLock } from '../../lease/local-lock.ts'
import { type Recipe, vpsRecipe } from './recipe.ts'
import { tarOf } from './tar.ts'

const REGISTRY_PATIENCE = 10_000
const CA_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
]

/**
 * The tag of the image that VPSes start from, made when it is missing. `lockDir` is where creators
 * running at the same time wait for each other.
 */
export async function ensureImage(
  lockDir: string,
  call: ProviderCall,
  debian: Debian = DEFAULT_DEBIAN,
): Promise<string> {
  const recipe = vpsRecipe(await caBundle(), debian)
  return await ensureBuilt(recipe, 'the base image', () => ensureRoot(debian, call), lockDir, call)
}

/** Builds the recipe unless an image of its tag is there. */
export async function ensureBuilt(
  recipe: Recipe,
  title: string,
  from: () => Promise<string>,
  lockDir: string,
  call: ProviderCall,
): Promise<string> {
  if (await hasImage(recipe.tag, call)) return recipe.tag
  return await withLock(join(lockDir, '.image.lock'), call.signal, async () => {
    if (!(await hasImage(recipe.tag, call))) await build(recipe, title, await from(), call)
    return recipe.tag
  })
}

async function build(recipe: Recipe, title: string, from: string, call: ProviderCall): Promise<void> {
  call.emit({ type: 'note', text: `building ${title} of the lab (${recipe.tag}), once on this machine` })
  const context = await tarOf([
    { path: 'Dockerfile', mode: 0o644, body: recipe.dockerfile(from) },
    ...Object.entries(recipe.files).map(([path, body]) => ({
      path,
      mode: path.endsWith('.crt') ? 0o644 : 0o755,
      body,
    })),
  ])
  const args = ['build', '--tag', recipe.tag, '-']
  const building = execa('docker', args, {
    input: context,
    reject: false,
    all: true,
    cancelSignal: call.signal,
  })
  for await (const line of building.iterable({ from: 'all' })) {
    const [, done, total] = /^Step (\d+)\/(\d+)/.exec(line) ?? /^#\d+ \[(\d+)\/(\d+)\]/.exec(line) ?? []
    if (done !== undefined && total !== undefined) {
      const text = `building ${title}: step ${done} of ${total}`
      call.emit({ type: 'progress', id: recipe.tag, text, done: Number(done), total: Number(total) })
    }
  }
  const result = await building
  if (result.isCanceled) throw new AbortedError(`stopped while building ${title}`)
  if (result.failed) throw dockerError(args, result.all)
}

/** A bare Debian: from a registry where one answers, from Debian's packages where none does. */
async function ensureRoot(debian: Debian, call: ProviderCall): Promise<string> {
  const [own, pulled] = [rootImage(debian), registryImage(debian)]
  if (await hasImage(own, call)) return own
  if ((await hasImage(pulled, call)) || (await pull(pulled, call))) {
    // One name, whatever it came from: services build their own images on it.
    await docker(['tag', pulled, own], { signal: call.signal })
    return own
  }
  call.emit({ type: 'note', text: 'no image registry answers: making a bare Debian with mmdebstrap' })
  await debootstrap(debian, own, call)
  return own
}

async function pull(image: string, call: ProviderCall): Promise<boolean> {
  call.emit({ type: 'note', text: `asking the registry for ${image}` })
  const pulling = execa('docker', ['pull', image], { reject: false, cancelSignal: call.signal })
  // Only the first answer is waited for shortly: the download itself may take its time.
  const impatience = setTimeout(() => pulling.kill(), REGISTRY_PATIENCE)
  pulling.stdout.once('data', () => clearTimeout(impatience))
  const result = await pulling
  clearTimeout(impatience)
  if (result.isCanceled) throw new AbortedError('stopped while pulling the base image')
  return !result.failed
}

async function debootstrap(debian: Debian, image: string, call: ProviderCall): Promise<void> {
  const making = execa(
    'mmdebstrap',
    [
      '--quiet',
      '--variant=minbase',
      '--dpkgopt=force-unsafe-io',
      ...['man', 'doc', 'locale'].map(dir => `--dpkgopt=path-exclude=/usr/share/${dir}/*`),
      '--aptopt=Acquire::Languages "none"',
      debian,
      '-',
    ],
    { reject: false, encoding: 'buffer', cancelSignal: call.signal, buffer: { stdout: false } },
  )
  const importing = execa('docker', ['import', '-', image], {
    reject: false,
    cancelSignal: call.signal,
  })
  making.stdout.pipe(importing.stdin)
  const [made, imported] = await Promise.all([making, importing])
  if (made.isCanceled || imported.isCanceled) throw new AbortedError('stopped while making the base image')
  if (made.code === 'ENOENT') {
    throw new ConfigError('no image registry answers and mmdebstrap is not installed', {
      hint: 'apt-get install -y mmdebstrap',
    })
  }
  if (!made.failed && !imported.failed) return
  await tryDocker(['rmi', image])
  const said = made.failed ? Buffer.from(made.stderr).toString() : imported.stderr
  throw new ApiError(`cannot make a bare Debian: ${lastLines(said, { count: 5 }).join('\n')}`, {
    hint: `mmdebstrap --variant=minbase ${debian} /dev/null`,
  })
}

const hasImage = async (tag: string, call: ProviderCall): Promise<boolean> =>
  (await tryDocker(['image', 'inspect', '--format', '{{.Id}}', tag], { signal: call.signal })).ok

async function caBundle(): Promise<string | undefined> {
  for (const path of CA_BUNDLES) {
    try {
      return await readFile(path, 'utf8')
    } catch {
      continue
    }
  }
  return undefined
}
