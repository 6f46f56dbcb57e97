import type { Readable } from 'node:stream'
import { extract, pack } from 'tar-stream'
import { ConfigError } from '../errors.ts'
import type { ImageRecipe } from '../fleet/container-model.ts'
import type { Release } from '../rollout/release-model.ts'
import { addEntry, carrier, fixedHeader } from '../rollout/release-tar.ts'

/** What Dockerfile lines read as nothing but a word: no spaces, quotes, escapes, variables or comments. */
const WORD = /^[\w][\w.:/@+-]*$/
const FOLDER = /^\/[\w./@+-]*$/

/**
 * The Dockerfile of a recipe: the release's files in a folder that belongs to root, under a command that another user
 * runs. Throws a ConfigError for values that would not stay one word.
 */
export function recipeDockerfile({
  base,
  command,
  folder = '/srv/app',
  user = 'nobody',
}: ImageRecipe): string {
  const issues = [
    ...(WORD.test(base) ? [] : [`base: ${JSON.stringify(base)} is no image`]),
    ...(FOLDER.test(folder) ? [] : [`folder: ${JSON.stringify(folder)} is no plain path`]),
    ...(WORD.test(user) ? [] : [`user: ${JSON.stringify(user)} is no user`]),
  ]
  if (issues.length > 0) throw new ConfigError('the image cannot be made', { issues })
  return [
    `FROM ${base}`,
    `WORKDIR ${folder}`,
    `COPY ${JSON.stringify(['.', `${folder}/`])}`,
    `USER ${user}`,
    `CMD ${JSON.stringify(command)}`,
    '',
  ].join('\n')
}

/** What to build a release from: its own files, with the recipe's Dockerfile where they hold none. */
export async function buildContext(
  release: Release,
  recipe: ImageRecipe | undefined,
  service: string,
): Promise<Readable> {
  if (await holdsDockerfile(release)) return release.archive()
  if (recipe === undefined) {
    throw new ConfigError(`${release.label} holds no Dockerfile, and ${service} has no image`, {
      hint: `add a Dockerfile, or \`image: { base, command }\` to services.${service} in the fleet file`,
    })
  }
  return withDockerfile(release, recipeDockerfile(recipe))
}

async function holdsDockerfile(release: Release): Promise<boolean> {
  const reader = extract()
  const archive = release.archive()
  archive.on('error', error => reader.destroy(error))
  let holds = false
  for await (const entry of archive.pipe(reader)) {
    holds ||= entry.header.name.replace(/^\.\//, '') === 'Dockerfile'
    entry.resume()
  }
  return holds
}

function withDockerfile(release: Release, text: string): Readable {
  const out = pack()
  const reader = extract()
  const archive = release.archive()
  archive.on('error', error => reader.destroy(error))
  const fill = async () => {
    for await (const entry of archive.pipe(reader)) {
      if (entry.header.type === 'file') await addEntry(out, entry.header, entry)
      else {
        entry.resume()
        out.entry(entry.header)
      }
    }
    const file = { type: 'file', mode: 0o644 } as const
    out.entry(fixedHeader({ ...file, name: 'Dockerfile', size: Buffer.byteLength(text) }, release.id), text)
    // The image holds the release, not how it was made.
    const ignored = 'Dockerfile\n.dockerignore\n'
    out.entry(fixedHeader({ ...file, name: '.dockerignore', size: ignored.length }, release.id), ignored)
    out.finalize()
  }
  fill().catch((error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))))
  return out.pipe(carrier(out))
}
