import { quote } from '../../shell/quote.ts'
import type { GitCheckoutWanted } from './git-checkout.ts'

/** Whose shell it is: a checkout's own configuration can name programs, so root never runs git in it. */
const AS = `as() { if [ "$(id -u)" -eq 0 ]; then runuser -u "$1" -- sh -uc "$2" sh "$path"; else sh -uc "$2" sh "$path"; fi; }`

/** Nobody is asked, nothing but these transports is spoken, no host key is taken unseen, no hook runs. */
function environment({ ssh }: GitCheckoutWanted): string {
  const key = ssh && ['-i', ssh.key, '-o', 'IdentitiesOnly=yes', '-o', `UserKnownHostsFile=${ssh.knownHosts}`]
  const command = ['ssh', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', ...(key ?? [])]
  return `export GIT_TERMINAL_PROMPT=0 GIT_ALLOW_PROTOCOL=https:ssh:file GIT_SSH_COMMAND=${quote(command.map(quote).join(' '))}
git() { command git -c core.hooksPath=/dev/null -c advice.detachedHead=false -c protocol.ext.allow=never "$@"; }
cd "$1" || exit 1`
}

/** The local name of what is wanted, and what to fetch for it. */
export function refs({ ref }: GitCheckoutWanted): { local: string; fetch: string; remote: string } {
  if (ref.what === 'commit') return { local: ref.name, fetch: ref.name, remote: '' }
  const [there, here] =
    ref.what === 'tag'
      ? [`refs/tags/${ref.name}`, `refs/tags/${ref.name}`]
      : [`refs/heads/${ref.name}`, `refs/remotes/origin/${ref.name}`]
  return { local: here, fetch: `+${there}:${here}`, remote: there }
}

/** Five lines of a checkout: its kind, the commit it is at, the one wanted, its URL, and whether it was changed. */
export function observeCheckout(wanted: GitCheckoutWanted): string {
  const { local, remote } = refs(wanted)
  const ask =
    wanted.follow && remote !== ''
      ? `git ls-remote -- ${quote(wanted.url)} ${quote(remote)} ${quote(`${remote}^{}`)} | tail -n 1 | cut -f 1`
      : `git rev-parse -q --verify ${quote(`${local}^{commit}`)}`
  const look = `${environment(wanted)}
git rev-parse -q --verify HEAD || echo
wanted=$(${ask}) || :
echo "$wanted"
git config --local --get remote.origin.url || echo
git status --porcelain --untracked-files=no | head -n 1 | tr -d '\\n'; echo`
  return `path=${quote(wanted.path)}
if [ -d "$path/.git" ]; then echo checkout; as ${wanted.owner} ${quote(look)} 2>/dev/null || exit 1
elif [ -e "$path" ] && [ -n "$(ls -A "$path")" ]; then printf 'foreign\\n\\n\\n\\n\\n'
else printf 'absent\\n\\n\\n\\n\\n'; fi`
}

/** Code that tells what each checkout stands at. */
export const observeCheckouts = (wanted: readonly GitCheckoutWanted[]): string =>
  [AS, ...wanted.map(observeCheckout)].join('\n')

/** Fetches beside what is checked out, then changes to it: what cannot be fetched changes nothing. */
export function checkoutScript(wanted: GitCheckoutWanted): string {
  const { path, owner, group, url, depth, submodules, local } = wanted
  const { fetch, local: name } = refs(wanted)
  const shallow = depth === undefined ? '' : ` --depth ${depth}`
  const refuse = `changed=$(git status --porcelain --untracked-files=no)
[ -z "$changed" ] || { printf '%s\\n' "$changed" "changed on the host: commit it elsewhere, or use local: 'reset'" >&2; exit 1; }`
  const work = `set -e
${environment(wanted)}
[ -d .git ] || git init -q
${local === 'refuse' ? refuse : ''}
git config remote.origin.url ${quote(url)}
git fetch -q --no-tags --no-recurse-submodules --force${shallow} -- ${quote(url)} ${quote(fetch)}
git checkout -q --detach${local === 'reset' ? ' --force' : ''} ${quote(`${name}^{commit}`)} --
${local === 'reset' ? 'git reset -q --hard' : ''}
${submodules ? `git submodule --quiet update --init --recursive --force${shallow}` : ''}
git log -1 --format='now at %h of %cs'`
  return `path=${quote(path)}
command -v git >/dev/null || { echo "git is not installed: put packages(['git']) before it" >&2; exit 1; }
${AS}
mkdir -p "\${path%/*}/"
if [ ! -e "$path" ]; then mkdir -m 0755 "$path"; chown ${owner}:${group} "$path"; fi
[ -d "$path/.git" ] || [ -z "$(ls -A "$path")" ] || { echo "$path is there and no checkout: move it away" >&2; exit 1; }
as ${owner} ${quote(work)}`
}
