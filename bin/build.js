// Makes dist: the program as few large modules, whose loading is most of what a short command costs, and its types.
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const fleets = readdirSync(join(root, 'inventory')).filter(name => name.endsWith('.ts'))

/** Compiled parts of packages stay where npm has put them. */
const addons = {
  name: 'addons',
  setup(at) {
    at.onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path).replace(/^.*\/node_modules\//, ''),
      external: true,
    }))
  },
}

/** zod's fifty languages are half of it: each is loaded when somebody asks for it. */
const languages = {
  name: 'languages',
  setup(at) {
    at.onResolve({ filter: /^zod\/v4\/locales$/ }, ({ path }) => ({ path, external: true }))
    at.onResolve({ filter: /\/locales\/index\.js$/ }, () => ({ path: 'zod', namespace: 'languages' }))
    at.onLoad({ filter: /^/, namespace: 'languages' }, () => ({
      contents: `for (const name of ${JSON.stringify(Object.keys(require('zod/v4/locales')))})
        Object.defineProperty(exports, name, { enumerable: true, get: () => require('zod/v4/locales')[name] })`,
    }))
  },
}

/** What packages written for CommonJS expect in every module. */
const COMMONJS = `import { createRequire as requireOf } from 'node:module'
const require = requireOf(import.meta.url), __dirname = import.meta.dirname, __filename = import.meta.filename`

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [
    'bin/main.ts',
    'bin/engine.ts',
    'bin/demo/main.ts',
    'lib/index.ts',
    ...fleets.map(name => `inventory/${name}`),
  ],
  outbase: '.',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: ['typescript', 'jiti'],
  plugins: [addons, languages],
  banner: { js: COMMONJS },
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
})
const made = new Set(Object.keys(metafile.outputs))
for (const entry of readdirSync(join(root, 'dist'), { recursive: true })) {
  const path = `dist/${entry}`
  if (/\.js(\.map)?$/.test(path) && !made.has(path)) rmSync(join(root, path))
}

const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
  { cwd: root, stdio: ['ignore', 2, 2] },
)
process.exit(status ?? 1)
