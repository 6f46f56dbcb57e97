import { readFile, writeFile } from 'node:fs/promises'
import type { ProviderCall } from '../provider.ts'

const LIMIT = '/proc/sys/fs/inotify/max_user_instances'
const A_HOST = 6
const ENOUGH = 8192

/** Each systemd takes a handful of inotify instances; with too few, it silently fails to boot. */
export async function raiseInotifyLimit(hosts: number, call: ProviderCall): Promise<void> {
  const now = Number(await readFile(LIMIT, 'utf8').catch(() => String(ENOUGH)))
  if (hosts <= 20 || now >= hosts * A_HOST + 128) return
  try {
    await writeFile(LIMIT, String(ENOUGH))
    call.emit({
      type: 'note',
      text: `raised fs.inotify.max_user_instances from ${now} to ${ENOUGH} for ${hosts} hosts`,
    })
  } catch {
    const text = `${hosts} hosts may not all boot; run: sudo sysctl fs.inotify.max_user_instances=${ENOUGH}`
    call.emit({ type: 'warning', text })
  }
}
