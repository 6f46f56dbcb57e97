import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, TimeoutError } from '../../errors.ts'
import { sanitise } from '../../text/sanitise.ts'
import type { ProviderCall } from '../provider.ts'
import { tryDocker } from './docker.ts'

const PATIENCE = 120_000
// Two seconds of silence are enough to try again; an SSH banner takes milliseconds.
const BANNER_PATIENCE = 2_000
const WAIT_FOR_SYSTEMD =
  'until [ -S /run/dbus/system_bus_socket ]; do sleep 0.1; done; systemctl is-system-running --wait'

/** Resolves when systemd has finished booting and sshd answers; else an ApiError with the last log lines. */
export async function waitUntilUp(
  container: string,
  host: string,
  address: string,
  call: ProviderCall,
): Promise<void> {
  const deadline = Date.now() + PATIENCE
  const state = await systemState(container, call)
  if (state === 'running' || state === 'degraded') {
    while (Date.now() < deadline) {
      if (await sshAnswers(address)) return
      await sleep(100, undefined, { signal: call.signal })
    }
  }
  const reason =
    state === 'running' || state === 'degraded' ? 'its sshd does not answer' : `systemd says "${state}"`
  throw new ApiError(sanitise(`did not start: ${reason}\n${await journalOf(container)}`, 'lines'), {
    host,
    hint: 'fleet lab down && fleet lab up',
  })
}

async function systemState(container: string, call: ProviderCall): Promise<string> {
  try {
    const args = ['exec', container, 'sh', '-c', WAIT_FOR_SYSTEMD]
    const { stdout, stderr } = await tryDocker(args, { signal: call.signal, timeout: PATIENCE })
    return stdout.trim() || stderr.trim()
  } catch (error) {
    if (error instanceof TimeoutError) return `still starting after ${PATIENCE / 1000} s`
    throw error
  }
}

/** Whether an SSH server shows its banner at the address. */
export function sshAnswers(address: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: address, port: 22 })
    const end = (answered: boolean): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(BANNER_PATIENCE, () => end(false))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
    socket.once('data', data => end(data.toString().startsWith('SSH-')))
  })
}

async function journalOf(container: string): Promise<string> {
  const journal = await tryDocker(
    ['exec', container, 'journalctl', '-b', '-n', '15', '--no-pager', '-o', 'cat'],
    {
      timeout: 10_000,
    },
  ).catch(() => undefined)
  if (journal?.ok === true && journal.stdout !== '') return journal.stdout
  const logs = await tryDocker(['logs', '--tail', '15', container])
  return `${logs.stdout}${logs.stderr}`.trim()
}
