import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { execa } from 'execa'
import { AbortedError, TimeoutError } from '../errors.ts'

const LONGEST_WAIT_SECONDS = 900

/**
 * Does `work` while no other process of this machine holds `file`. The lock belongs to a child whose input we hold open,
 * so it frees itself when we die. Where there is no flock (macOS) the work is done unlocked.
 */
export async function withLock<T>(file: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true })
  const holder = execa('flock', ['-w', String(LONGEST_WAIT_SECONDS), file, 'sh', '-c', 'echo held; cat'], {
    reject: false,
    cancelSignal: signal,
    stdin: 'pipe',
  })
  const held = new Promise<boolean>(resolve => {
    holder.stdout.once('data', () => resolve(true))
    void holder.then(() => resolve(false))
  })
  if (!(await held)) {
    const ended = await holder
    if (ended.isCanceled) throw new AbortedError(`stopped while another fleet command held ${file}`)
    if (ended.code !== 'ENOENT') {
      throw new TimeoutError(`another process holds ${file}`, { hint: `fuser -v ${file}` })
    }
  }
  try {
    return await work()
  } finally {
    holder.stdin.end()
    await holder
  }
}
