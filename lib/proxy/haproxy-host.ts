import { directory } from '../resource/kinds/directory.ts'
import { file } from '../resource/kinds/file.ts'
import { firstFile } from '../resource/kinds/first-file.ts'
import { packages } from '../resource/kinds/packages.ts'
import { unit } from '../resource/kinds/unit.ts'
import type { Handler, Resource } from '../resource/resource.ts'
import type { Secret } from '../shell/secret.ts'
import { sh } from '../shell/sh.ts'
import { HAPROXY_CHECK } from './haproxy-check.ts'
import { HAPROXY_PATHS, healthMap } from './haproxy-paths.ts'
import { haproxyUpgrade } from './haproxy-upgrade.ts'

/** Where HAProxy finds its key and certificate. */
export const CERTIFICATE = '/etc/haproxy/fleet.pem'

/** The command ends before the reload does: until the new process answers, the old one says what is no longer true. */
const RELOAD = `pid() { printf 'show info\\n' | socat -t 5 - UNIX-CONNECT:${HAPROXY_PATHS.socket} 2>/dev/null | sed -n 's/^Pid: //p'; }
before=$(pid) || before=
systemctl reload-or-restart haproxy
tries=0
until now=$(pid) && [ -n "$now" ] && [ "$now" != "$before" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || { echo 'HAProxy goes on with its old configuration: systemctl status haproxy' >&2; exit 1; }
  sleep 0.1
done`

const reloadHaproxy: Handler = { id: 'reload haproxy', script: RELOAD, timeout: 60 }

/** Where HAProxy finds the maintenance page of a service. */
export const haproxyPage = (service: string): string => `${HAPROXY_PATHS.pages}/${service}.html`

/** The maintenance pages of services, by name: HAProxy reads them when it starts. */
export const haproxyPages = (pages: ReadonlyMap<string, string>): readonly Resource[] => [
  directory({ path: HAPROXY_PATHS.pages, mode: 0o755 }),
  ...[...pages].map(([service, content]) =>
    file({ path: haproxyPage(service), content, mode: 0o644, notify: [reloadHaproxy] }),
  ),
]

/** HAProxy loads it into a configuration that has nothing else in it. */
const LUA_CHECK = sh`printf 'global\n lua-load-per-thread %s\nlisten check\n bind 127.0.0.1:1\n' "$1" |
  haproxy -c -q -f /dev/stdin`

export interface HaproxyFiles {
  /** Those behind it. */
  readonly services: readonly string[]
  readonly config: string
  readonly lua: string
  readonly certificate: Secret
  /** By service. */
  readonly pages: ReadonlyMap<string, string>
}

/**
 * What the proxy's host needs: HAProxy with its certificate and a configuration that no swap ever changes. A reload
 * hands the open ports to new processes, of a new version after an upgrade, while the old ones end what they have.
 */
export const haproxyResources = ({
  services,
  config,
  lua,
  certificate,
  pages,
}: HaproxyFiles): readonly Resource[] => [
  packages(['haproxy', 'socat']),
  ...haproxyUpgrade(),
  directory({ path: '/etc/haproxy', mode: 0o755 }),
  file({ path: CERTIFICATE, content: certificate, mode: 0o600, notify: [reloadHaproxy] }),
  ...haproxyPages(pages),
  // HAProxy does not start without them; what is in them, runs write.
  firstFile({ path: HAPROXY_PATHS.map, content: '' }),
  ...services.map(name => firstFile({ path: healthMap(name), content: '' })),
  file({
    path: HAPROXY_PATHS.lua,
    content: lua,
    mode: 0o644,
    check: LUA_CHECK,
    notify: [reloadHaproxy],
  }),
  file({
    path: '/etc/haproxy/haproxy.cfg',
    content: config,
    mode: 0o644,
    check: HAPROXY_CHECK,
    notify: [reloadHaproxy],
  }),
  unit({ name: 'haproxy.service', enabled: true, active: true }),
]
