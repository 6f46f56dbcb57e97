import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { allowed } from '../check.ts'
import type { PathSeen } from '../paths.ts'
import type { Handler, Kind, Resource, Step } from '../resource.ts'
import { APT, REFRESH } from './apt.ts'
import { aptKey } from './apt-key.ts'
import type { FileWanted } from './file.ts'
import { fileKind, fileWanted } from './file.ts'

export interface AptRepositoryOptions {
  /** Name of its files, without ending. */
  readonly name: string
  readonly url: string
  /** `bookworm`; a path that ends with a slash for a repository without components. */
  readonly suite: string
  readonly components?: readonly string[]
  /** The host's own unless told: `amd64`. */
  readonly architectures?: readonly string[]
  /** The key that signs it, ASCII-armoured, in the fleet: nothing is fetched to be trusted. */
  readonly key: string
  readonly notify?: readonly Handler[]
}

export interface AptRepositoryWanted {
  readonly name: string
  readonly key: FileWanted
  readonly sources: FileWanted
  readonly present: boolean
}

export interface AptRepositorySeen {
  readonly key: PathSeen
  readonly sources: PathSeen
}

const filesOf = (wanted: readonly AptRepositoryWanted[]): FileWanted[] =>
  wanted.flatMap(({ key, sources }) => [key, sources])

/**
 * Both files are made aside, and apt fetches the lists of this repository alone with them, before either takes its
 * place: one that cannot be had, or that another key signs, changes nothing.
 */
const write = ({ key, sources }: AptRepositoryWanted): string => `${APT}
${REFRESH}
key=${quote(key.path)} sources=${quote(sources.path)}
mkdir -p "\${key%/*}" "\${sources%/*}"
aside=$(mktemp -d /tmp/.fleetfile.XXXXXX)
trap 'rm -rf "$aside"' EXIT
trap 'exit 143' TERM INT
chmod 0755 "$aside"
cat >"$aside/new.sources" <<'SOURCES'
${String(sources.content)}SOURCES
cat >"$aside/key.asc" <<'KEY'
${String(key.content)}KEY
sed "s|^Signed-By: .*|Signed-By: $aside/key.asc|" "$aside/new.sources" >"$aside/try.sources"
chmod 0644 "$aside"/*
refresh -o Dir::Etc::sourcelist="$aside/try.sources" -o Dir::Etc::sourceparts=/dev/null \\
  -o APT::Get::List-Cleanup=0 -o APT::Update::Error-Mode=any ||
  { echo "apt cannot use the repository: nothing was changed" >&2; exit 1; }
mv -fT "$aside/key.asc" "$key"
mv -fT "$aside/new.sources" "$sources"`

export const aptRepositoryKind: Kind<AptRepositoryWanted, AptRepositorySeen> = {
  name: 'apt repository',
  installs: true,
  observe: wanted => fileKind.observe(filesOf(wanted)),
  parse(output, wanted) {
    const seen = fileKind.parse(output, filesOf(wanted))
    return wanted.map((_, index) => {
      const [key, sources] = seen.slice(index * 2, index * 2 + 2)
      if (!key || !sources) throw new RangeError('apt repository: an item was not seen')
      return { key, sources }
    })
  },
  diff({ key, sources, present }, seen) {
    const there = seen.key.type !== 'absent' || seen.sources.type !== 'absent'
    if (!present) return there ? { action: 'remove', detail: 'its sources and key' } : undefined
    const parts = [
      ...(fileKind.diff(sources, seen.sources) ? ['sources'] : []),
      ...(fileKind.diff(key, seen.key) ? ['key'] : []),
    ]
    if (parts.length === 0) return undefined
    const create = seen.sources.type === 'absent'
    return { action: create ? 'create' : 'change', detail: parts.join(' and ') }
  },
  act(wanted): Step[] {
    const { name, key, sources, present } = wanted
    if (present) return [{ title: `set apt repository ${name}`, script: write(wanted), timeout: 1800 }]
    const script = `rm -f ${quote(sources.path)} ${quote(key.path)}`
    return [{ title: `remove apt repository ${name}`, script }]
  },
  body: ({ present, sources }) => (present ? { path: sources.path, content: sources.content } : undefined),
  replaced: ({ sources }) => sources.sha256,
}

function resource(
  name: string,
  key: string,
  text: string,
  present: boolean,
  notify: readonly Handler[] = [],
) {
  const wanted = {
    name,
    present,
    key: fileWanted({ path: `/etc/apt/keyrings/${name}.asc`, content: key }),
    sources: fileWanted({ path: `/etc/apt/sources.list.d/${name}.sources`, content: text }),
  }
  return { id: `apt repository ${name}`, kind: aptRepositoryKind, wanted, notify }
}

const nameOf = (name: string): string => allowed('apt repository', name, /^[a-z0-9][a-z0-9-]{0,62}$/)

/** A package repository beside the distribution's own, trusted for what its own key signs and nothing else. */
export function aptRepository(
  options: AptRepositoryOptions,
): Resource<AptRepositoryWanted, AptRepositorySeen> {
  const { suite, components = [], architectures = [], notify } = options
  const name = nameOf(options.name)
  const flat = suite.endsWith('/')
  if (flat !== (components.length === 0)) {
    throw new ConfigError(
      `apt repository ${name}: want components, or a suite that ends with a slash and none`,
    )
  }
  const word = (what: string, value: string) => allowed(what, value, /^[A-Za-z0-9.][A-Za-z0-9._/+-]*$/)
  const url = allowed(
    'repository URL',
    options.url,
    /^(https?:\/\/[A-Za-z0-9][^\s\0-\x1f\x7f]*|file:\/[^\s]+)$/,
  )
  const lines = [
    '# Written by fleet.',
    'Types: deb',
    `URIs: ${url}`,
    `Suites: ${flat && suite.startsWith('/') ? allowed('suite', suite, /^\/$/) : word('suite', suite)}`,
    ...(flat ? [] : [`Components: ${components.map(item => word('component', item)).join(' ')}`]),
    ...(architectures.length === 0
      ? []
      : [
          `Architectures: ${architectures.map(item => allowed('architecture', item, /^[a-z0-9-]+$/)).join(' ')}`,
        ]),
    `Signed-By: /etc/apt/keyrings/${name}.asc`,
  ]
  return resource(name, aptKey(options.key), `${lines.join('\n')}\n`, true, notify)
}

/** No such repository, nor its key. What was installed from it stays. */
export function absentAptRepository(name: string): Resource<AptRepositoryWanted, AptRepositorySeen> {
  return resource(nameOf(name), '', '', false)
}
