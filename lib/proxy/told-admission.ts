import { rawShell, sh, type Command } from '../shell/sh.ts'
import type { AdmissionChange } from './proxy.ts'

/** How a proxy is told by files that it looks for with each request: no reload, and a restart changes nothing. */
export interface ToldAdmission {
  /** Sets `home`, the folder of the service, and refuses one that the proxy does not know. */
  readonly begin: Command
  /** Shell words for the file that says until when requests are held. */
  readonly until: string
  readonly holdFor: (seconds: number) => Command
  /** Ends a hold. */
  readonly letGo: string
}

const SHUT = `[ -e "$home/maintenance" ] || { : >"$home/maintenance"; sync "$home"; changed=1; }`
const OPEN = `[ ! -e "$home/maintenance" ] || { rm -f "$home/maintenance"; sync "$home"; changed=1; }`

/** Prints the proxy's clock in milliseconds, when a hold ends, and whether there is maintenance. */
export const toldAdmission = ({ begin, until }: ToldAdmission): Command => sh`${begin}
date +%s%3N
cat ${rawShell(until)} 2>/dev/null || true; echo
if [ -e "$home/maintenance" ]; then echo on; else echo off; fi`

/** Shuts or opens the service, and holds its requests or lets them go. Prints `changed` where anything was otherwise. */
export function tellAdmission(
  { begin, holdFor, letGo }: ToldAdmission,
  { maintenance, holdSeconds }: AdmissionChange,
): Command {
  const parts = [
    ...(maintenance === undefined ? [] : [maintenance ? SHUT : OPEN]),
    ...(holdSeconds === undefined ? [] : [holdSeconds > 0 ? holdFor(holdSeconds).text : letGo]),
  ]
  return sh`${begin}
changed=0
${rawShell(parts.join('\n'))}
[ "$changed" = 0 ] || echo changed`
}
