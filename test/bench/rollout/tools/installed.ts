import { homedir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { PYTHON } from '../measure.ts'

/** A Python environment of ours in the cache. */
export const cached = (name: string) => {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'fleetfile/bench', name)
  return { folder, bin: (program: string): string => join(folder, 'bin', program) }
}

/** The first number with dots that a program prints; undefined where it cannot be run. */
export async function firstVersion(argv: readonly string[]): Promise<string | undefined> {
  const [program = '', ...args] = argv
  const { exitCode, all } = await execa(program, args, { reject: false, all: true })
  return exitCode === 0 ? /\d+(?:\.\w+)+/.exec(all ?? '')?.[0] : undefined
}

/** Installs what a tool says: `apt <packages>` into the machine, `pip <environment> <packages>` into the cache. */
export async function install(words: readonly string[]): Promise<void> {
  const [how, ...rest] = words
  if (how === 'apt') {
    await execa('apt-get', ['install', '-qy', '--no-install-recommends', ...rest], {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    })
  }
  if (how === 'pip') {
    const [name = '', ...packages] = rest
    const { folder, bin } = cached(name)
    await execa(PYTHON, ['-m', 'venv', folder])
    await execa(bin('pip'), ['install', '--quiet', ...packages])
  }
}
