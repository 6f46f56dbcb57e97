import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isPackage } from '../fleet/package.ts'
import type { TaskEntry } from './entry.ts'

/** A user's own task, found by reading its file: nothing of it has run. */
export interface OwnTask extends TaskEntry {
  readonly file: string
}

const NAME = /defineTask\s*\(\s*\{[^]*?\bname:\s*(['"`])([a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*)*)\1/
const SUMMARY = /\bsummary:\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`$]*)`)/

/**
 * The tasks in `tasks/*.ts` of a folder, unless the folder is this package or another copy of it. Name and summary are taken from
 * the text of the file, so they have to be plain strings: help and completion must not run or compile anything.
 */
export async function discoverTasks(cwd: string): Promise<readonly OwnTask[]> {
  const folder = join(cwd, 'tasks')
  const names = await readdir(folder).catch(() => [])
  const files = names.filter(name => name.endsWith('.ts') && !name.endsWith('.d.ts') && name !== 'index.ts')
  if (files.length === 0 || (await isPackage(cwd))) return []
  const found = await Promise.all(files.sort().map(name => readTask(join(folder, name))))
  return found.filter(task => task !== undefined)
}

async function readTask(file: string): Promise<OwnTask | undefined> {
  const source = await readFile(file, 'utf8')
  const [, , name] = NAME.exec(source) ?? []
  if (name === undefined) return undefined
  const [, single, double, back] = SUMMARY.exec(source) ?? []
  const summary = (single ?? double ?? back ?? '').replaceAll(/\\(.)/g, '$1')
  return {
    name,
    summary,
    file,
    load: () => Promise.reject(new Error(`${file} is loaded through the module loader`)),
  }
}
