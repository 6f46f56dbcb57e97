import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { default as Ts } from 'typescript'
import { packageFolder, type UserModules } from './package.ts'

/** How user modules are checked: as strictly as our own, with our `fleetfile`, `zod` and `zx`. */
export function compilerOptions(ts: typeof Ts, file: string, modules: UserModules): Ts.CompilerOptions {
  const index = join(modules.code, 'lib/index')
  const typeRoots = [...parents(dirname(file)), modules.root, dirname(modules.root)]
    .map(folder => join(folder, folder.endsWith('node_modules') ? '@types' : 'node_modules/@types'))
    .filter(folder => existsSync(join(folder, 'node')))
  return {
    noEmit: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    typeRoots: typeRoots.slice(0, 1),
    types: typeRoots.length > 0 ? ['node'] : [],
    paths: {
      fleetfile: [existsSync(`${index}.d.ts`) ? `${index}.d.ts` : `${index}.ts`],
      zod: [packageFolder('zod', modules)],
      zx: [packageFolder('zx', modules)],
    },
  }
}

function parents(folder: string): readonly string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [folder, ...parents(above)]
}
