import { execFileSync } from 'node:child_process'
import type { TransportName } from '../../lib/transport/transport.ts'

function hasOpenSsh(): boolean {
  try {
    execFileSync('ssh', ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    console.warn('there is no OpenSSH client here: the openssh transport is not tested')
    return false
  }
}

/** The SSH transports that this machine can run; the same tests hold for each. */
export const TRANSPORTS: readonly TransportName[] = hasOpenSsh() ? ['ssh', 'openssh'] : ['ssh']
