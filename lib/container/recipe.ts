import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { extract, pack } from 'tar-stream'
import { ConfigError } from '../errors.ts'
import type { ImageRecipe } from '../fleet/container-model.ts'
import type { Release } from '../release/release-model.ts'
import { addEntry, carrier, fixedHeader } from '../release/release-tar.ts'

/** What Dockerfile lines read as nothing but a word: no spaces, quotes, escapes, variables or comments. */
const WORD = /^[\w][\w.:/@+-]*$/
/** What the context calls the root of what is added to the base. */
const ROOT = 'root'
const FOLDER = '/srv/app'
const PATH = /^\/[\w./@+-]*$/

/**
 * The Dockerfile of a recipe: the release's files in a folder that belongs to root, under a command that another user
 * runs. Throws a ConfigError for values that would not stay one word.
 */
export function recipeDockerfile({ base, command, folder = FOLDER, user = 'nobody' }: ImageRecipe): string {
  const issues = [
    ...(WORD.test(base) ? [] : [`base: ${JSON.stringify(base)} is no image`]),
    ...(PATH.test(folder) ? [] : [`folder: ${JSON.stringify(folder)} is no plain path`]),
    ...(WORD.test(user) ? [] : [`user: ${JSON.stringify(user)} is no user`]),
  ]
  if (issues.length > 0) throw new ConfigError('the image cannot be made', { issues })
  return [
    `FROM ${base}`,
    // With its folders, whose times would else be those of the build.
    `COPY ["${ROOT}/","/"]`,
    `WORKDIR ${folder}`,
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
  return withDockerfile(release, recipeDockerfile(recipe), recipe.folder ?? FOLDER)
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

/** The release's files below their folder, beside the Dockerfile: the image holds the release, not how it was made. */
function withDockerfile(release: Release, text: string, folder: string): Readable {
  const out = pack()
  const reader = extract()
  const archive = release.archive()
  archive.on('error', error => reader.destroy(error))
  const place = `${ROOT}${folder.replace(/\/+$/, '')}`
  const made = new Set<string>()
  const addFolders = (name: string): void => {
    const parent = posix.dirname(name)
    if (parent === '.' || made.has(parent)) return
    addFolders(parent)
    made.add(parent)
    out.entry(fixedHeader({ name: parent, type: 'directory' }, release.id))
  }
  const fill = async () => {
    const file = { type: 'file', mode: 0o644 } as const
    out.entry(fixedHeader({ ...file, name: 'Dockerfile', size: Buffer.byteLength(text) }, release.id), text)
    for await (const entry of archive.pipe(reader)) {
      const header = { ...entry.header, name: posix.join(place, entry.header.name) }
      addFolders(header.name)
      if (header.type === 'file') await addEntry(out, header, entry)
      else {
        entry.resume()
        if (header.type !== 'directory') out.entry(header)
        else addFolders(`${header.name}/x`)
      }
    }
    out.finalize()
  }
  fill().catch((error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))))
  return out.pipe(carrier(out))
}
