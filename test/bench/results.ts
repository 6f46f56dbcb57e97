import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { arch, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, 'results')

/** What the figures were measured on, in a line: they mean nothing without it. */
async function machineLine(): Promise<string> {
  const [cpu] = cpus()
  const known = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const os = /PRETTY_NAME="(.*)"/.exec(known)?.[1] ?? 'Linux'
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} cores (${cpu?.model.trim() ?? arch()}), ${memory} GB, ${os}, Linux ${release()}, Node ${process.version}`
}

/**
 * Writes what a bench found to `results/<bench>-<date>T<time>`, in UTC: `data` as JSON, and the tables that `tables` makes of the
 * machine's line. Gives the tables.
 */
export async function writeResults(
  bench: string,
  data: object,
  tables: (machine: string) => string,
): Promise<string> {
  const machine = await machineLine()
  const date = new Date().toISOString().slice(0, 16).replace(':', '')
  const text = `${tables(machine).trimEnd()}\n`
  await mkdir(FOLDER, { recursive: true })
  const json = JSON.stringify({ version: 1, date, machine, ...data }, null, 2)
  await writeFile(join(FOLDER, `${bench}-${date}.json`), `${json}\n`)
  await writeFile(join(FOLDER, `${bench}-${date}.md`), text)
  return text
}
