import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import type { Secret } from '../../shell/secret.ts'
import { revealed } from '../../shell/secret.ts'
import { absolutePath, allowed, userName } from '../check.ts'
import type { PathSeen } from '../paths.ts'
import type { Handler, Kind, Resource } from '../resource.ts'
import type { VersionedFolder, VersionedSeen } from './versioned-folder.ts'
import {
  absentVersioned,
  buildVersion,
  observeVersions,
  parseVersions,
  versionDiff,
  versionId,
} from './versioned-folder.ts'

export interface PythonVenvOptions {
  /** Becomes a link to the environment: its programs are in `<path>/bin`. */
  readonly path: string
  /** The text of a requirements.txt, hashes allowed; or packages, `django==5.0.1`. */
  readonly requirements: string | Secret | readonly string[]
  /** Who builds and owns it: a package's own code runs while it is built. */
  readonly owner: string
  /** `python3` unless told: a program's name or path on the host. */
  readonly python?: string
  readonly notify?: readonly Handler[]
}

export interface PythonVenvWanted extends VersionedFolder {
  readonly requirements: string | Secret
  readonly owner: string
  readonly python: string
}

/** Where wheels are kept, so that a change of one package fetches one; a folder for each owner. */
const CACHE = '/var/cache/fleetfile/python'

/** The owner builds in a folder of its own with what stdin holds; nothing of it is in an argument or a variable. */
const build = ({ owner, python }: PythonVenvWanted): string => `cache=${CACHE}/${owner}
if [ "$(id -u)" -eq 0 ]; then
  mkdir -p ${CACHE}
  [ -d "$cache" ] || mkdir -m 0700 "$cache"
  chown -h ${owner}: "$cache" "$new"
  as() { runuser -u ${owner} -- "$@"; }
else
  cache=\${XDG_CACHE_HOME:-$HOME/.cache}/fleetfile-python
  as() { "$@"; }
fi
as sh -euc '
  new=$1 cache=$2 python=$3
  cd "$new"
  export HOME="$new/.home" PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_CACHE_DIR="$cache/uv"
  umask 077
  # The authorities that the host trusts, where it has some: newer and older names of one setting.
  [ ! -s /etc/ssl/certs/ca-certificates.crt ] || export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1
  mkdir .home
  cat >.home/requirements.txt
  umask 022
  command -v "$python" >/dev/null || { echo "$python is not installed" >&2; exit 1; }
  if command -v uv >/dev/null; then
    uv venv -q --allow-existing --python "$python" .
    uv pip install -q --python bin/python -r .home/requirements.txt
  else
    "$python" -m venv . || { echo "python3-venv is missing: put packages([\\"python3-venv\\"]) before it" >&2; exit 1; }
    bin/python -m pip install -q --cache-dir "$cache/pip" -r .home/requirements.txt
  fi
  rm -rf .home
  bin/python -c "import sys; print(\\"python\\", sys.version.split()[0])"
' sh "$new" "$cache" ${quote(python)}`

export const pythonVenvKind: Kind<PythonVenvWanted, VersionedSeen> = {
  name: 'Python environment',
  observe: observeVersions,
  parse: parseVersions,
  diff: versionDiff,
  act: wanted => [
    {
      title: `build Python environment ${wanted.path}`,
      script: buildVersion(wanted, build(wanted)),
      stdin: wanted.requirements,
      timeout: 1800,
    },
  ],
}

const PACKAGE =
  /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\[[A-Za-z0-9,._-]+\])?((===?|[<>]=?|~=|!=)[A-Za-z0-9.*+!_-]+(,([<>]=?|~=|!=|==)[A-Za-z0-9.*+!_-]+)*)?$/

function text(path: string, requirements: PythonVenvOptions['requirements']): string | Secret {
  if (typeof requirements === 'object' && 'length' in requirements) {
    return requirements.map(item => `${allowed('Python package', item, PACKAGE)}\n`).join('')
  }
  if (revealed(requirements).includes('\0')) throw new ConfigError(`Python environment ${path}: a NUL in it`)
  return requirements
}

/**
 * A Python virtual environment, built by uv where the host has it, by venv and pip otherwise. When what it is made of
 * changes, another one is built beside it and takes its place once it is complete; one that fails changes nothing.
 */
export function pythonVenv(options: PythonVenvOptions): Resource<PythonVenvWanted, VersionedSeen> {
  const path = absolutePath(options.path)
  const owner = userName(options.owner)
  const python = allowed('Python', options.python ?? 'python3', /^\/?[A-Za-z0-9_][A-Za-z0-9_./-]*$/)
  const requirements = text(path, options.requirements)
  const id = versionId(revealed(requirements), python, owner)
  const wanted = { path, id, requirements, owner, python }
  return { id: `Python environment ${path}`, kind: pythonVenvKind, wanted, notify: options.notify ?? [] }
}

/** No such environment, in no version. */
export const absentPythonVenv = (path: string): Resource<string, PathSeen> =>
  absentVersioned(`Python environment ${path}`, path)
