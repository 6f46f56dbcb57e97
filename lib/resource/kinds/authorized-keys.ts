import { createHash } from 'node:crypto'
import { quote } from '../../shell/quote.ts'
import { allowed, oneLine, userName } from '../check.ts'
import type { Change, Handler, Kind, Resource, Step } from '../resource.ts'

export interface AuthorizedKeysOptions {
  readonly user: string
  /** Lines of authorized_keys, options in front included; every other key is removed. */
  readonly keys: readonly string[]
  readonly notify?: readonly Handler[]
}

export interface AuthorizedKeysWanted {
  readonly user: string
  readonly content: string
  readonly count: number
}

/** `type mode owner` of `.ssh` and of the file, and the file's hash; `absent` where there is none. */
export interface AuthorizedKeysSeen {
  readonly folder: string
  readonly file: string
  readonly sha256: string
}

const KEY =
  /^(\S.* )?(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]+={0,3}( .*)?$/

const NONE = 'absent'

const observe = (wanted: readonly AuthorizedKeysWanted[]): string => `
for user in ${wanted.map(({ user }) => quote(user)).join(' ')}; do
  home=$(getent passwd "$user" | cut -d: -f6)
  folder=\${home:-/nonexistent}/.ssh; keys=$folder/authorized_keys
  for path in "$folder" "$keys"; do
    find "$path" -maxdepth 0 -printf '%y %m %u\\n' 2>/dev/null || echo ${NONE}
  done
  if [ -f "$keys" ] && [ ! -L "$keys" ]; then sha256sum <"$keys" || exit 1; else echo ${NONE}; fi
done`

function parse(output: string, wanted: readonly AuthorizedKeysWanted[]): AuthorizedKeysSeen[] {
  const lines = output.split('\n')
  return wanted.map((_, index) => {
    const [folder = NONE, file = NONE, hash = NONE] = lines.slice(index * 3, index * 3 + 3)
    return { folder, file, sha256: hash.split(' ')[0] ?? NONE }
  })
}

function diff({ user, content, count }: AuthorizedKeysWanted, seen: AuthorizedKeysSeen): Change | undefined {
  if (seen.file === NONE) return { action: 'create', detail: `${count} keys` }
  const parts = [
    ...(seen.folder === `d 700 ${user}` ? [] : [`.ssh: ${seen.folder} -> d 700 ${user}`]),
    ...(seen.sha256 === createHash('sha256').update(content).digest('hex')
      ? []
      : [`exactly these ${count} keys`]),
    ...(seen.file === `f 600 ${user}` ? [] : [`${seen.file} -> f 600 ${user}`]),
  ]
  return parts.length > 0 ? { action: 'change', detail: parts.join(', ') } : undefined
}

/**
 * What is inside a home belongs to its user, who may put links there while root works. So the user itself writes, with
 * no more rights than it has anyway; root only makes `.ssh` where it is missing.
 */
function act({ user, content }: AuthorizedKeysWanted): Step[] {
  const script = `user=${quote(user)}
home=$(getent passwd "$user" | cut -d: -f6)
[ -n "$home" ] || { echo "no user $user" >&2; exit 1; }
folder=$home/.ssh
if [ -L "$folder" ]; then echo "$folder is a link: remove it" >&2; exit 1; fi
[ -e "$folder" ] || mkdir -m 0700 "$folder"
chown -h "$user:$(id -gn "$user")" "$folder"
runuser -u "$user" -- sh -euc '
  umask 077
  cd "$1"
  chmod 0700 .
  new=$(mktemp .authorized_keys.XXXXXX)
  trap "rm -f $new" EXIT
  cat >"$new"
  sync -d "$new"
  mv -fT "$new" authorized_keys' sh "$folder"`
  return [{ title: `write keys of ${user}`, script, stdin: content }]
}

export const authorizedKeysKind: Kind<AuthorizedKeysWanted, AuthorizedKeysSeen> = {
  name: 'authorized keys',
  observe,
  parse,
  diff,
  act,
  body: ({ user, content }) => ({ path: `~${user}/.ssh/authorized_keys`, content }),
  replaced: ({ sha256 }) => (sha256 === NONE ? undefined : sha256),
}

/** The SSH keys that open a user's login: exactly these. An empty list lets nobody in. */
export function authorizedKeys(
  options: AuthorizedKeysOptions,
): Resource<AuthorizedKeysWanted, AuthorizedKeysSeen> {
  const user = userName(options.user)
  const keys = options.keys.map(key => allowed('SSH key', oneLine('SSH key', key.trim()), KEY))
  const wanted = { user, content: keys.map(key => `${key}\n`).join(''), count: keys.length }
  return { id: `authorized keys ${user}`, kind: authorizedKeysKind, wanted, notify: options.notify ?? [] }
}
