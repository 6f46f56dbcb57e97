import type { EventSink } from '../events/event.ts'

/** A VPS that is wanted. */
export interface MachineSpec {
  readonly name: string
  readonly role: string
  /** OpenSSH public keys that may log in as the first user. */
  readonly authorizedKeys: readonly string[]
}

/** A VPS that exists. */
export interface Machine {
  readonly name: string
  readonly role: string
  /** The address that operators and the other hosts reach it at. */
  readonly address: string
  readonly state: 'running' | 'paused' | 'stopped'
  /** The user of the very first login. */
  readonly firstUser: string
  /** Public host keys, `ssh-ed25519 AAAA...` each, known without asking the network (pinned when made). */
  readonly hostKeys: readonly string[]
}

/** What a provider tells while it works. */
export interface ProviderCall {
  readonly emit: EventSink
  readonly signal: AbortSignal
}

/** Where VPSes come from. Every call may be made twice: the second one changes nothing. */
export interface Provider {
  readonly name: string
  /** The machines of this fleet that exist now. */
  list(call: ProviderCall): Promise<readonly Machine[]>
  /** Makes those that are missing; resolves when each runs sshd. Existing ones are left as they are. */
  create(specs: readonly MachineSpec[], call: ProviderCall): Promise<readonly Machine[]>
  /** Ends the named machines and everything that was made for them. */
  destroy(names: readonly string[], call: ProviderCall): Promise<void>
}
