import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { allowed } from '../check.ts'
import type { Change, Handler, Kind, Resource } from '../resource.ts'
import { APT, REFRESH } from './apt.ts'

export interface PackagesOptions {
  readonly notify?: readonly Handler[]
}

/** dpkg's word for each package: `installed`, `config-files`, or none at all. */
export type PackageStates = ReadonlyMap<string, string>

/** apt takes a minus at the end of a name as "remove it". */
const NAME = /^[a-z0-9][a-z0-9+.-]*[a-z0-9+]$/

const words = (names: readonly string[]): string => names.map(quote).join(' ')

function observe(wanted: readonly (readonly string[])[]): string {
  const names = [...new Set(wanted.flat())]
  return `dpkg-query -W -f '\${Package} \${db:Status-Status}\\n' ${words(names)} 2>/dev/null || [ $? -eq 1 ]`
}

function parse(output: string, wanted: readonly (readonly string[])[]): PackageStates[] {
  const states = new Map<string, string>()
  for (const line of output.split('\n')) {
    const [name = '', state = ''] = line.split(' ')
    if (states.get(name) !== 'installed') states.set(name, state)
  }
  return wanted.map(() => states)
}

const missingOf = (names: readonly string[], states: PackageStates): string[] =>
  names.filter(name => states.get(name) !== 'installed')

const install = (names: readonly string[]): string => `${APT}
${REFRESH}
set -- --no-install-recommends install ${words(names)}
if ! fresh || ! apt-get $options -s "$@" >/dev/null 2>&1; then refresh; fi
apt "$@"`

const many = (names: readonly string[]): string =>
  names.length > 6 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')

function diff(names: readonly string[], states: PackageStates): Change | undefined {
  const missing = missingOf(names, states)
  if (missing.length === 0) return undefined
  return { action: 'create', detail: `${missing.length} of ${names.length} missing: ${many(missing)}` }
}

export const packagesKind: Kind<readonly string[], PackageStates> = {
  name: 'packages',
  installs: true,
  observe,
  parse,
  diff,
  act(names, states) {
    const missing = missingOf(names, states)
    return [{ title: `install ${many(missing)}`, script: install(missing), timeout: 1800 }]
  },
}

function removal(name: string, verb: 'remove' | 'purge', states: readonly string[]) {
  const thereOf = (names: readonly string[], seen: PackageStates) =>
    names.filter(item => states.includes(seen.get(item) ?? ''))
  const kind: Kind<readonly string[], PackageStates> = {
    name,
    observe,
    parse,
    diff(names, seen) {
      const there = thereOf(names, seen)
      return there.length > 0 ? { action: 'remove', detail: many(there) } : undefined
    },
    act(names, seen) {
      const there = thereOf(names, seen)
      const script = `${APT}\napt ${verb} ${words(there)}`
      return [{ title: `${verb} ${many(there)}`, script, timeout: 1800 }]
    },
  }
  return kind
}

export const absentPackagesKind = removal('absent packages', 'remove', ['installed'])

/** Whatever dpkg still knows of them has something left to remove. */
export const purgedPackagesKind = removal('purged packages', 'purge', [
  'installed',
  'config-files',
  'half-installed',
  'half-configured',
  'unpacked',
])

function checkedNames(names: readonly string[]): string[] {
  if (names.length === 0) throw new ConfigError('packages: want at least one name')
  return [...new Set(names.map(name => allowed('package name', name, NAME)))]
}

/**
 * Debian packages that are installed, in whatever version; one resource for many names is one call of apt. Without
 * recommended packages. The lists are fetched again when they are older than a day or do not know a name. A virtual
 * package is never seen as installed: name a real one.
 */
export function packages(
  names: readonly string[],
  options: PackagesOptions = {},
): Resource<readonly string[], PackageStates> {
  const wanted = checkedNames(names)
  return { id: `packages ${wanted.join(' ')}`, kind: packagesKind, wanted, notify: options.notify ?? [] }
}

/** Debian packages that are not installed; their configuration files stay. */
export function absentPackages(
  names: readonly string[],
  options: PackagesOptions = {},
): Resource<readonly string[], PackageStates> {
  const wanted = checkedNames(names)
  return {
    id: `absent packages ${wanted.join(' ')}`,
    kind: absentPackagesKind,
    wanted,
    notify: options.notify ?? [],
  }
}

/**
 * Debian packages of which nothing is left: no configuration file and, where their own scripts remove it, no data
 * either. What they alone needed stays.
 */
export function purgedPackages(
  names: readonly string[],
  options: PackagesOptions = {},
): Resource<readonly string[], PackageStates> {
  const wanted = checkedNames(names)
  return {
    id: `purged packages ${wanted.join(' ')}`,
    kind: purgedPackagesKind,
    wanted,
    notify: options.notify ?? [],
  }
}
