import { ConfigError } from '../../errors.ts'
import { absolutePath, allowed, userName, wholeNumber } from '../check.ts'
import type { Change, Handler, Kind, Resource } from '../resource.ts'
import { checkoutScript, observeCheckouts } from './git-script.ts'
import { gitRef, gitUrl } from './git-url.ts'

export type GitRef = { readonly branch: string } | { readonly tag: string } | { readonly commit: string }

export interface GitCheckoutOptions {
  readonly path: string
  /** https, ssh, `user@host:path`, or a path on the host itself. */
  readonly url: string
  /** A commit is its whole hash. */
  readonly ref: GitRef
  /** Whose files they are and who fetches them. */
  readonly owner: string
  readonly group?: string
  /** Ask the server at each run whether the branch or tag has moved. Without it, what was fetched once stays. */
  readonly follow?: boolean
  /** What becomes of changes made on the host: `refuse` unless told, which fails the step. */
  readonly local?: 'refuse' | 'reset'
  /** How many commits are fetched; all unless told. */
  readonly depth?: number
  readonly submodules?: boolean
  /** Files on the host, readable for the owner: the private key, which is 0600, and the server's pinned host keys. */
  readonly ssh?: { readonly key: string; readonly knownHosts: string }
  readonly notify?: readonly Handler[]
}

export interface GitCheckoutWanted extends Required<Pick<GitCheckoutOptions, 'path' | 'url' | 'owner'>> {
  readonly ref: { readonly what: 'branch' | 'tag' | 'commit'; readonly name: string }
  readonly group: string
  readonly follow: boolean
  readonly local: 'refuse' | 'reset'
  readonly depth: number | undefined
  readonly submodules: boolean
  readonly ssh: GitCheckoutOptions['ssh']
}

export interface GitCheckoutSeen {
  readonly state: string
  readonly head: string
  /** The commit that the wanted name stands for, as far as it is known. */
  readonly target: string
  readonly url: string
  readonly changed: boolean
}

const short = (commit: string): string => commit.slice(0, 12) || 'nothing'

function diff({ ref, url, local }: GitCheckoutWanted, seen: GitCheckoutSeen): Change | undefined {
  if (seen.state !== 'checkout') return { action: 'create', detail: `${ref.what} ${ref.name} of ${url}` }
  const target = seen.target || (ref.what === 'commit' ? ref.name : '')
  const parts = [
    ...(seen.url === url ? [] : [`${seen.url || 'no URL'} -> ${url}`]),
    ...(target !== '' && seen.head === target
      ? []
      : [`${short(seen.head)} -> ${ref.what} ${ref.name}${target === '' ? '' : ` (${short(target)})`}`]),
    ...(seen.changed && local === 'reset' ? ['changed on the host: reset'] : []),
  ]
  return parts.length > 0 ? { action: 'change', detail: parts.join(', ') } : undefined
}

export const gitCheckoutKind: Kind<GitCheckoutWanted, GitCheckoutSeen> = {
  name: 'git checkout',
  observe: observeCheckouts,
  parse(output, wanted) {
    const lines = output.split('\n')
    return wanted.map((_, index) => {
      const [state = '', head = '', target = '', url = '', changed = ''] = lines.slice(
        index * 5,
        index * 5 + 5,
      )
      return { state, head, target, url, changed: changed !== '' }
    })
  },
  diff,
  act: wanted => [
    {
      title: `check out ${wanted.ref.what} ${wanted.ref.name} to ${wanted.path}`,
      script: checkoutScript(wanted),
      timeout: 1800,
    },
  ],
  note: ({ local }, { state, changed }) =>
    state === 'checkout' && changed && local === 'refuse' ? 'its files were changed on the host' : undefined,
}

function refOf(ref: GitRef): GitCheckoutWanted['ref'] {
  if ('branch' in ref) return { what: 'branch', name: gitRef('branch', ref.branch) }
  if ('tag' in ref) return { what: 'tag', name: gitRef('tag', ref.tag) }
  return { what: 'commit', name: allowed('git commit', ref.commit, /^([0-9a-f]{40}|[0-9a-f]{64})$/) }
}

/**
 * A folder that holds one commit of a git repository, detached. git runs as the owner, without hooks. `absentDirectory`
 * removes it. Fetching one commit by its hash needs a server that allows it, as the public ones do.
 */
export function gitCheckout(options: GitCheckoutOptions): Resource<GitCheckoutWanted, GitCheckoutSeen> {
  const { follow = false, local = 'refuse', submodules = false, depth, ssh } = options
  const path = absolutePath(options.path)
  const owner = userName(options.owner)
  const ref = refOf(options.ref)
  if (follow && ref.what === 'commit') throw new ConfigError(`git checkout ${path}: a commit never moves`)
  const wanted = {
    path,
    url: gitUrl(options.url),
    ref,
    owner,
    group: userName(options.group ?? owner),
    follow,
    local,
    submodules,
    depth: depth === undefined ? undefined : wholeNumber('depth', depth, 1, 1_000_000),
    ssh: ssh && {
      key: absolutePath(ssh.key),
      knownHosts: allowed('path', absolutePath(ssh.knownHosts), /^\S+$/),
    },
  }
  return { id: `git checkout ${path}`, kind: gitCheckoutKind, wanted, notify: options.notify ?? [] }
}
