import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { default as Ts } from 'typescript'
import { ConfigError } from '../errors.ts'
import { compilerOptions } from './compiler-options.ts'
import type { UserModules } from './package.ts'

/** The files a check has seen, by path, with the hash of what was in them. */
type Seen = Readonly<Record<string, string>>

/**
 * Checks the types of a user's module and of what it imports, as `tsc --strict` would. A module that has passed is not
 * checked again until it, a file it imports or fleetfile itself changes. Throws a ConfigError with every problem.
 */
export async function checkTypes(file: string, modules: UserModules): Promise<void> {
  const record = join(modules.cache, 'checked', `${hash(file)}.json`)
  if (await isUnchanged(record)) return
  // An import would first look through its nine megabytes for what it exports.
  const ts: typeof Ts = createRequire(import.meta.url)('typescript')
  const program = ts.createProgram([file], compilerOptions(ts, file, modules))
  // Where fleetfile runs from its source, that is checked elsewhere, as what is installed is.
  const code = `${join(modules.code, 'lib')}/`
  const theirs = program.getSourceFiles().filter(each => !each.fileName.startsWith(code))
  const diagnostics = ts.sortAndDeduplicateDiagnostics([
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...theirs.flatMap(each => [
      ...program.getSyntacticDiagnostics(each),
      ...program.getSemanticDiagnostics(each),
    ]),
  ])
  if (diagnostics.length > 0) {
    throw new ConfigError(`${file} does not compile, nothing was run`, {
      issues: diagnostics.map(each => describe(ts, each, file)),
    })
  }
  const files = program.getSourceFiles().filter(each => !program.isSourceFileDefaultLibrary(each))
  const own = files.filter(each => manifestOf(each.fileName) === undefined)
  const manifests = new Set(files.flatMap(each => manifestOf(each.fileName) ?? []))
  const installed = await Promise.all([...manifests].map(async path => [path, await hashOf(path)] as const))
  await save(record, Object.fromEntries([...own.map(each => [each.fileName, hash(each.text)]), ...installed]))
}

/**
 * The package.json of the installed package that a file belongs to. It stands for all files of the package: they are
 * hundreds, and reading them all cost every command more than everything else that it does before it connects.
 */
function manifestOf(path: string): string | undefined {
  const [, folder, name] = /^(.*\/node_modules\/)((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
  return folder === undefined || name === undefined ? undefined : `${folder}${name}/package.json`
}

const hashOf = async (path: string): Promise<string> => hash(await readFile(path, 'utf8').catch(() => ''))

/** `inventory/x.ts:12:9 message`, the path as short as the folder of the module's project allows. */
function describe(ts: typeof Ts, diagnostic: Ts.Diagnostic, file: string): string {
  const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n  ')
  if (diagnostic.file === undefined) return message
  const { line, character } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start ?? 0)
  const project = `${dirname(dirname(file))}/`
  const name = diagnostic.file.fileName
  return `${name.startsWith(project) ? name.slice(project.length) : name}:${line + 1}:${character + 1} ${message}`
}

async function isUnchanged(record: string): Promise<boolean> {
  const seen = await readSeen(record)
  const files = Object.entries(seen)
  if (files.length === 0) return false
  const same = await Promise.all(files.map(async ([path, before]) => (await hashOf(path)) === before))
  return same.every(Boolean)
}

async function readSeen(record: string): Promise<Seen> {
  try {
    const seen: unknown = JSON.parse(await readFile(record, 'utf8'))
    if (typeof seen !== 'object' || seen === null) return {}
    return Object.fromEntries(Object.entries(seen).map(([path, value]) => [path, String(value)]))
  } catch {
    return {}
  }
}

/** Without a cache folder that can be written to, the check is just made again the next time. */
async function save(record: string, seen: Seen): Promise<void> {
  const draft = `${record}.${randomUUID()}`
  await mkdir(dirname(record), { recursive: true })
    .then(() => writeFile(draft, JSON.stringify(seen)))
    .then(() => rename(draft, record))
    .catch(() => {})
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
