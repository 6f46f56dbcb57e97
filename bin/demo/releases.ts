import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The folders of the two releases that the demo rolls out. */
export interface Releases {
  readonly v1: string
  readonly v2: string
}

/** Two releases of the sample service that differ in their version only, beside the lab's other files. */
export async function writeReleases(source: string, folder: string): Promise<Releases> {
  const release = async (version: string): Promise<string> => {
    const path = join(folder, `v${version}`)
    await rm(path, { recursive: true, force: true })
    await cp(source, path, { recursive: true })
    await writeFile(join(path, 'VERSION'), `${version}\n`)
    return path
  }
  await mkdir(folder, { recursive: true })
  return { v1: await release('1'), v2: await release('2') }
}
