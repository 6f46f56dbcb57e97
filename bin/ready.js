// Makes a clean clone ready: packages installed, dist built. Silent, and quick, when both are there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const at = (...parts) => join(root, ...parts)
const NEEDED = [20, 19]
const SOURCES = ['bin', 'tasks', 'inventory', 'templates', 'lib']

class NotReady extends Error {
  constructor(message, hint) {
    super(message)
    this.hint = hint
  }
}

const say = text => process.stderr.write(`${text}\n`)
const hashOf = parts =>
  parts.reduce((hash, part) => hash.update(part).update('\0'), createHash('sha256')).digest('hex')
const textOf = path => (existsSync(path) ? readFileSync(path, 'utf8') : '')

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return
  const needed = NEEDED.join('.')
  throw new NotReady(
    `Node ${process.versions.node} is too old: ${needed} or newer is needed`,
    'nvm install 22, or nodejs.org/en/download',
  )
}

function checkNpm() {
  const { error, stdout } = spawnSync('npm', ['--version'], { encoding: 'utf8' })
  if (error) throw new NotReady('npm was not found', 'install it with Node: nodejs.org/en/download')
  if (Number(stdout.split('.')[0]) < 10) {
    throw new NotReady(
      `npm ${stdout.trim()} is too old: 10 or newer is needed`,
      'npm install --global npm@10',
    )
  }
}

/** What `npm install` noted down is what the lock file wants; only optional packages may be absent. */
function installedAsLocked(lockText) {
  const noted = textOf(at('node_modules', '.package-lock.json'))
  if (noted === '') return false
  const has = JSON.parse(noted).packages
  const wants = JSON.parse(lockText).packages
  return (
    Object.entries(wants).every(
      ([path, { version, optional }]) =>
        path === '' || (has[path] ? has[path].version === version : optional),
    ) && Object.keys(has).every(path => path in wants || has[path].optional)
  )
}

const npm = (...args) =>
  spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, encoding: 'utf8' })

function installPackages(lockText) {
  say('installing packages (npm ci) ...')
  let { status, stderr } = npm('ci')
  // A lock file written where the registry lacks other platforms' binaries does not name them, which
  // `npm ci` refuses; `npm install` takes the locked versions all the same, as is checked below.
  if (status !== 0 && stderr.includes('EUSAGE')) {
    say('package-lock.json lacks packages for some platforms: npm install --no-save instead ...')
    ;({ status, stderr } = npm('install', '--no-save'))
    if (status === 0 && !installedAsLocked(lockText)) {
      throw new NotReady(
        'npm installed other versions than package-lock.json names',
        'npm install, then commit package-lock.json',
      )
    }
  }
  if (status === 0) return
  say(stderr.split('\n').slice(0, 12).join('\n'))
  throw new NotReady('the packages could not be installed (see above)', 'npm ping, then npm ci')
}

function ensurePackages() {
  const modules = at('node_modules')
  // A link to another clone's packages is that clone's to fill.
  if (existsSync(modules) && lstatSync(modules).isSymbolicLink()) return
  const lockText = textOf(at('package-lock.json'))
  if (lockText === '') throw new NotReady('package-lock.json is missing', 'git checkout package-lock.json')
  const stamp = join(modules, '.fleetfile-ready')
  const wanted = hashOf([lockText])
  if (textOf(stamp) === wanted) return
  if (!installedAsLocked(lockText)) {
    checkNpm()
    installPackages(lockText)
  }
  writeFileSync(stamp, wanted)
}

function sourceFiles(dir) {
  if (!existsSync(at(dir))) return []
  return readdirSync(at(dir), { withFileTypes: true }).flatMap(entry => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sourceFiles(path)
    return entry.name.endsWith('.ts') ? [path] : []
  })
}

function ensureDist() {
  // Names are sorted by code unit, the same on every machine.
  const configs = readdirSync(root).filter(name => /^tsconfig.*\.json$/.test(name))
  const files = [...configs, 'package-lock.json', 'bin/build.js', ...SOURCES.flatMap(sourceFiles)].sort(
    (a, b) => (a < b ? -1 : 1),
  )
  const wanted = hashOf(files.flatMap(path => [path, textOf(at(path))]))
  const stamp = at('dist', '.fleetfile-ready')
  if (textOf(stamp) === wanted) return
  say('building dist ...')
  const { status } = spawnSync(process.execPath, [at('bin', 'build.js')], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) throw new NotReady('the build failed (see above)', 'npm run typecheck')
  writeFileSync(stamp, wanted)
}

try {
  checkNode()
  ensurePackages()
  ensureDist()
} catch (error) {
  if (!(error instanceof NotReady)) throw error
  say(`not ready: ${error.message}`)
  say(`hint: ${error.hint}`)
  process.exitCode = 1
}
