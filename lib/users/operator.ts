import { hostname, userInfo } from 'node:os'

/** Who runs this, for receipts: `anna@laptop`. A container may have no name for its user. */
export function operator(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    return `unknown@${hostname()}`
  }
}
