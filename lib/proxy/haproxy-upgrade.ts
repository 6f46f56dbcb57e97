import { directory } from '../resource/kinds/directory.ts'
import { file } from '../resource/kinds/file.ts'
import type { Resource } from '../resource/resource.ts'

const RENEW = '/usr/local/lib/fleetfile/renew-haproxy'

/** Debian reloads HAProxy when its own package is new, and leaves it alone when a library is. */
const SCRIPT = `#!/bin/sh
# Written by fleet; changes here are overwritten.
# After packages changed: an HAProxy that runs what was replaced begins anew, and hands its open ports over.
main=$(systemctl show --property MainPID --value haproxy.service 2>/dev/null) || exit 0
grep -Eqs '(/haproxy|[.]so[.0-9]*) [(]deleted[)]$' "/proc/\${main:-0}/maps" || exit 0
systemctl reload haproxy.service ||
  logger -t fleetfile 'HAProxy still runs replaced packages: systemctl status haproxy'
exit 0
`

const HOOK = `// Written by fleet; changes here are overwritten.
DPkg::Post-Invoke { "[ ! -x ${RENEW} ] || ${RENEW}"; };
`

const NO_RESTART = `# Written by fleet; changes here are overwritten.
# A restart drops requests; ${RENEW} reloads instead.
$nrconf{override_rc}{qr(^haproxy\\.service$)} = 0;
`

/** Whatever is upgraded, by hand or unattended, HAProxy is reloaded and never restarted. */
export const haproxyUpgrade = (): readonly Resource[] => [
  directory({ path: '/usr/local/lib/fleetfile', mode: 0o755 }),
  file({ path: RENEW, content: SCRIPT, mode: 0o755 }),
  file({ path: '/etc/apt/apt.conf.d/61fleetfile-haproxy', content: HOOK }),
  file({ path: '/etc/needrestart/conf.d/fleetfile-haproxy.conf', content: NO_RESTART, parents: true }),
]
