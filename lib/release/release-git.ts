import { spawn } from 'node:child_process'
import { PassThrough, type Readable } from 'node:stream'
import { execa, type Options } from 'execa'
import { ConfigError } from '../errors.ts'
import { sanitise } from '../text/sanitise.ts'
import { listHint, type Release } from './release-model.ts'
import { escapes, normalised } from './release-tar.ts'

/** A hook's own GIT_* variables would point git at another repository than the one it is asked about. */
const environment = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_OPTIONAL_LOCKS: '0',
  LC_ALL: 'C',
}

/** Runs git in `folder`; never throws for an exit code. */
export async function git(folder: string, args: readonly string[], signal: AbortSignal) {
  const options = {
    cwd: folder,
    env: environment,
    stdin: 'ignore',
    reject: false,
    cancelSignal: signal,
  } satisfies Options
  const { exitCode, stdout, stderr } = await execa('git', args, options)
  signal.throwIfAborted()
  return { exitCode, stdout, stderr }
}

/** Whether a folder is, or lies in, a git repository that has commits to name. */
export async function isRepository(folder: string, signal: AbortSignal): Promise<boolean> {
  return (await git(folder, ['rev-parse', '--git-dir'], signal)).exitCode === 0
}

/** A committed tree of the repository at `source`; of the sub-folder alone where `source` lies inside one. */
export async function gitRelease(source: string, ref: string, signal: AbortSignal): Promise<Release> {
  const prefix = (await git(source, ['rev-parse', '--show-prefix'], signal)).stdout.replace(/\/$/, '')
  const object = prefix === '' ? `${ref}^{tree}` : `${ref}:${prefix}`
  const found = await git(source, ['rev-parse', '--verify', '--quiet', '--end-of-options', object], signal)
  const tree = found.stdout.trim()
  if (found.exitCode !== 0 || !/^[0-9a-f]{40,64}$/.test(tree)) {
    throw new ConfigError(`no tag, branch or commit ${ref} in ${source}`, { hint: listHint(source, true) })
  }
  return releaseOf(source, ref, tree, signal)
}

async function releaseOf(source: string, ref: string, tree: string, signal: AbortSignal): Promise<Release> {
  await refuseUnfit(source, ref, tree, signal)
  const gitDir = (await git(source, ['rev-parse', '--absolute-git-dir'], signal)).stdout
  const id = tree.slice(0, 12)
  return { id, label: ref, archive: () => normalised(archiveOf(gitDir, tree, signal), id) }
}

/** The release with this id, wherever its label stands by now; undefined where this repository does not hold it. */
export async function gitTreeRelease(
  source: string,
  id: string,
  label: string,
  signal: AbortSignal,
): Promise<Release | undefined> {
  if (!/^[0-9a-f]{12}$/.test(id)) return undefined
  const found = await git(source, ['rev-parse', '--verify', '--quiet', `${id}^{tree}`], signal)
  const tree = found.stdout.trim()
  // Twelve digits could also begin the name of a commit, whose tree is another one.
  if (found.exitCode !== 0 || !tree.startsWith(id)) return undefined
  return releaseOf(source, label, tree, signal)
}

/** A release is whole in itself: no submodules, no links that lead out of it. */
async function refuseUnfit(source: string, ref: string, tree: string, signal: AbortSignal): Promise<void> {
  const { stdout } = await git(source, ['ls-tree', '-r', '-z', '--full-tree', tree], signal)
  const issues: string[] = []
  for (const line of stdout.split('\0')) {
    const [meta = '', path = ''] = line.split('\t')
    const [mode, , object = ''] = meta.split(' ')
    if (mode === '160000') issues.push(`${path} is a submodule; only files can be released`)
    if (mode !== '120000') continue
    const link = (await git(source, ['cat-file', 'blob', object], signal)).stdout
    if (escapes(path, link)) issues.push(`${path} links to ${link}, outside of the release`)
  }
  if (issues.length > 0) throw new ConfigError(`${ref} cannot be released`, { issues })
}

function archiveOf(gitDir: string, tree: string, signal: AbortSignal): Readable {
  const out = new PassThrough()
  // git's own environment is inherited here; --git-dir stands above it.
  const child = spawn('git', [`--git-dir=${gitDir}`, 'archive', '--format=tar', tree], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: gitDir,
    signal,
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  child.stdout.pipe(out, { end: false })
  child.on('error', error => out.destroy(error))
  child.on('close', code => {
    if (code === 0) out.end()
    else out.destroy(new ConfigError(`git archive failed: ${sanitise(complaint, 'lines').trim()}`))
  })
  return out
}
