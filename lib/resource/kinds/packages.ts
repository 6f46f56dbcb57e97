import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { allowed } from '../check.ts'
import type { Change, Handler, Kind, Resource } from '../resource.ts'

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

/**
 * apt-get as it must be called where nobody answers: waits for other runs of it, keeps changed configuration files. Its
 * pipelining is off, since it waits for ever when a proxy closes the connection between two requests.
 */
const APT = `export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
options='-y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 -o Acquire::http::Pipeline-Depth=0'
options="$options -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
apt() { apt-get $options "$@"; }
[ -z "$(ls -A /var/lib/dpkg/updates 2>/dev/null)" ] || dpkg --configure -a`

/** DPkg::Lock::Timeout does not cover the lists' own lock, so the update waits for that by itself; a mirror that hangs is
 * given up after three minutes and asked again. */
const REFRESH = `refresh() {
  for try in 1 2 3 4 5 6; do
    code=0
    said=$(timeout -k 10 180 apt-get $options update 2>&1) || code=$?
    if [ $code -eq 0 ]; then printf '%s\\n' "$said" | tail -n 1; return; fi
    case $code:$said in 124:* | 137:*) ;; *"Could not get lock"*) sleep 10 ;; *) break ;; esac
  done
  printf '%s\\n' "$said"
  return 1
}
fresh() { [ -n "$(find /var/lib/apt/lists /var/lib/apt/lists/partial -maxdepth 0 -mmin -1440 2>/dev/null)" ]; }`

const install = (names: readonly string[]): string => `${APT}
${REFRESH}
set -- --no-install-recommends install ${words(names)}
if ! fresh || ! apt -s "$@" >/dev/null 2>&1; then refresh; fi
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

export const absentPackagesKind: Kind<readonly string[], PackageStates> = {
  name: 'absent packages',
  observe,
  parse,
  diff(names, states) {
    const there = names.filter(name => states.get(name) === 'installed')
    return there.length > 0 ? { action: 'remove', detail: many(there) } : undefined
  },
  act(names, states) {
    const there = names.filter(name => states.get(name) === 'installed')
    return [{ title: `remove ${many(there)}`, script: `${APT}\napt remove ${words(there)}`, timeout: 1800 }]
  },
}

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
