import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ConfigError } from '../errors.ts'
import { Secret } from '../shell/secret.ts'
import { requireDeclared, type SecretStore } from './store.ts'

export interface FileSecretsOptions {
  readonly path: string
  /** The secrets that the fleet declares. */
  readonly names: readonly string[]
  /** Make up a value for a secret that is missing, and keep it. For fleets that nobody else shares, like the lab. */
  readonly generate?: boolean
}

type Values = Readonly<Record<string, string>>

/** Secrets from a JSON file that nobody but its owner may read. */
export function fileSecrets({ path: file, names, generate = false }: FileSecretsOptions): SecretStore {
  // One after the other, so that two secrets generated at once do not overwrite each other's file.
  let last: Promise<unknown> = Promise.resolve()
  const get = async (name: string): Promise<Secret> => {
    requireDeclared(name, names)
    const value = (await readValues(file))[name] ?? (generate ? await addValue(file, name) : undefined)
    if (value !== undefined) return new Secret(name, value)
    throw new ConfigError(`secret "${name}" is not set`, { hint: `add it to ${file}` })
  }
  return {
    get(name) {
      const result = last.then(() => get(name))
      last = result.catch(() => {})
      return result
    },
  }
}

async function readValues(file: string): Promise<Values> {
  const mode = await stat(file).then(
    ({ mode: bits }) => bits & 0o777,
    () => undefined,
  )
  if (mode === undefined) return {}
  if ((mode & 0o077) !== 0) {
    throw new ConfigError(`${file}: others may read it (mode ${mode.toString(8).padStart(4, '0')})`, {
      hint: `chmod 600 ${file}`,
    })
  }
  const content = parse(await readFile(file, 'utf8'))
  if (content !== undefined) return content
  // Never with the JSON error itself, which quotes the text it stumbled on.
  throw new ConfigError(`${file}: must be a JSON object of texts`)
}

function parse(text: string): Values | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const entries = Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    )
    return entries.length === Object.keys(value).length ? Object.fromEntries(entries) : undefined
  } catch {
    return undefined
  }
}

/** Adds a made-up value. The draft is the lock as well: whoever creates it may replace the file. */
async function addValue(file: string, name: string): Promise<string> {
  const draft = `${file}.new`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const handle = await createDraft(draft)
  try {
    const values = await readValues(file)
    const value = values[name] ?? randomBytes(24).toString('base64url')
    await handle.writeFile(`${JSON.stringify({ ...values, [name]: value }, undefined, 2)}\n`)
    await handle.sync()
    await handle.close()
    await rename(draft, file)
    return value
  } catch (error) {
    await handle.close().catch(() => {})
    await unlink(draft).catch(() => {})
    throw error
  }
}

async function createDraft(draft: string): Promise<FileHandle> {
  for (let attempt = 0; attempt < 60; attempt++) {
    const handle = await open(draft, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined
      throw error
    })
    if (handle !== undefined) return handle
    await wait(50)
  }
  throw new ConfigError(`${draft} is in the way: another run was killed while it wrote it`, {
    hint: `rm ${draft}`,
  })
}
