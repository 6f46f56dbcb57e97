import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import type { TaskContext } from '../task/context.ts'

/**
 * The maintenance pages that services bring, by name: files relative to the fleet file. Throws a ConfigError for one
 * that cannot be read.
 */
export async function maintenancePages(
  { paths }: Pick<TaskContext, 'paths'>,
  services: readonly { readonly name: string; readonly maintenance?: string }[],
): Promise<ReadonlyMap<string, string>> {
  const pages = await Promise.all(
    services.map(async ({ name, maintenance }) => {
      if (maintenance === undefined) return []
      const path = resolve(paths.fleet, maintenance)
      try {
        return [[name, await readFile(path, 'utf8')] as const]
      } catch (cause) {
        throw new ConfigError(`services.${name}.proxy.maintenance: ${path} cannot be read`, {
          cause,
          hint: 'the file is looked for beside the fleet file',
        })
      }
    }),
  )
  return new Map(pages.flat())
}
