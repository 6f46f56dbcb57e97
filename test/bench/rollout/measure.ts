import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'

/** A whole process with all of its children, from its start to its end. */
export interface Run {
  /** Seconds. */
  readonly wall: number
  /** Seconds of user and system time, of the process and the children that it waited for. */
  readonly cpu: number
  /** Megabytes of the largest of these processes. */
  readonly memory: number
  readonly exitCode: number
  readonly output: string
}

/** A command line with where and how it runs. */
export interface Line {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** Measured by Python's resource module: Node does not tell what its children have used. */
const WRAPPER = `import json, resource, subprocess, sys, time
begun = time.monotonic()
code = subprocess.call(sys.argv[2:])
wall = time.monotonic() - begun
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], 'w') as out:
    json.dump(dict(wall=wall, cpu=used.ru_utime + used.ru_stime, memory=used.ru_maxrss / 1024, exitCode=code), out)
`

/** Not the one of a version manager, which is a script that costs 100 ms. */
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

const figures = z.object({ wall: z.number(), cpu: z.number(), memory: z.number(), exitCode: z.number() })

/** Runs a command line and says what it took. */
export async function measure({ argv, cwd, env }: Line): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-bench-'))
  const file = join(folder, 'figures.json')
  try {
    const { all } = await execa(PYTHON, ['-c', WRAPPER, file, ...argv], {
      cwd,
      env: { CI: 'true', ...env },
      stdin: 'ignore',
      all: true,
      reject: false,
    })
    return { ...figures.parse(JSON.parse(await readFile(file, 'utf8'))), output: all }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
