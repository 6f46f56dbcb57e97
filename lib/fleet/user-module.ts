import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type * as Jiti from 'jiti'
import { ConfigError, FleetError, messageOf } from '../errors.ts'
import { indexOf, packageAround, packageFolder, type UserModules } from './package.ts'
import { checkTypes } from './typecheck.ts'

/**
 * Checks a user's TypeScript module with the compiler and then loads it. It gets this very copy of `fleetfile`, so
 * that its classes are ours, whatever is installed beside it. Throws a ConfigError that names the place.
 */
export async function importUserModule(file: string, modules: UserModules): Promise<unknown> {
  if (modules.checksTypes !== false) await checkTypes(file, modules)
  // Imported, it would be read once more, by Node's search for the names that a CommonJS module exports.
  const { createJiti }: typeof Jiti = createRequire(import.meta.url)('jiti')
  const ours = await import('../index.ts')
  const jiti = createJiti(import.meta.url, {
    fsCache: join(modules.cache, 'jiti'),
    interopDefault: false,
    tryNative: false,
    virtualModules: {
      fleetfile: ours,
      zod: await import('zod'),
    },
    alias: { zx: join(packageFolder('zx', modules), 'build/index.js') },
  })
  const around = await packageAround(dirname(file))
  if (around !== undefined) {
    const index = await indexOf(around)
    Object.assign(jiti.cache, { [index]: { id: index, filename: index, exports: ours, loaded: true } })
  }
  try {
    return await jiti.import(file)
  } catch (cause) {
    if (cause instanceof FleetError) throw cause
    throw new ConfigError(`${file}: ${messageOf(cause)}`, {
      hint: 'the file fails while it is loaded',
      cause,
    })
  }
}
