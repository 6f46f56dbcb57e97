import ssh2, { type IdentityCallback, type ParsedKey } from 'ssh2'

/** An agent that shows one of its keys only. */
class OneKey extends ssh2.OpenSSHAgent {
  readonly #key: ParsedKey

  constructor(path: string, key: ParsedKey) {
    super(path)
    this.#key = key
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    done(null, [this.#key])
  }
}

/** One key that an agent holds, as an agent of its own. */
export interface AgentKey {
  readonly blob: Buffer
  readonly agent: ssh2.OpenSSHAgent
}

const isKey = (key: unknown): key is ParsedKey =>
  typeof key === 'object' && key !== null && 'getPublicSSH' in key

/** The keys that an agent shows, of the types that ssh2 knows; it drops the others without a word. */
export const agentKeys = (path: string): Promise<readonly ParsedKey[]> =>
  new Promise((resolve, reject) => {
    new ssh2.OpenSSHAgent(path).getIdentities((error, keys = []) => {
      if (error) reject(error)
      else resolve(keys.filter(isKey))
    })
  })

/**
 * Those of the agent's keys that have one of these public halves, each as an agent that shows nothing else: so that it
 * can be offered before the others, which use up the host's MaxAuthTries. None when the agent does not answer: trying
 * it later tells why.
 */
export async function someKeys(path: string, blobs: readonly Buffer[]): Promise<readonly AgentKey[]> {
  if (blobs.length === 0) return []
  const keys = await agentKeys(path).catch((): readonly ParsedKey[] => [])
  return keys
    .filter(key => blobs.some(blob => blob.equals(key.getPublicSSH())))
    .map(key => ({ blob: key.getPublicSSH(), agent: new OneKey(path, key) }))
}
