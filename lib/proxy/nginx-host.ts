import { directory } from '../resource/kinds/directory.ts'
import { file, fileKind, fileWanted, type FileWanted } from '../resource/kinds/file.ts'
import { packages } from '../resource/kinds/packages.ts'
import { unit } from '../resource/kinds/unit.ts'
import { daemonReload } from '../resource/handlers.ts'
import type { PathSeen } from '../resource/paths.ts'
import type { Handler, Kind, Resource } from '../resource/resource.ts'
import type { ProxiedService } from '../provision/container-hosts.ts'
import type { Secret } from '../shell/secret.ts'
import { sh } from '../shell/sh.ts'
import { layoutCommand, setCommand } from './nginx-layout.ts'
import { NGINX_PATHS, nginxHome } from './nginx-paths.ts'
import { slotLines } from './slot-lines.ts'

/** Where nginx finds its key and certificate, both in one file. */
export const NGINX_CERTIFICATE = '/etc/nginx/fleet.pem'

/**
 * Users' programs send their next request while a worker that ends closes their connection. So answers end their
 * connection for a second first: who comes back comes to a new worker, or to none that ends.
 */
const RELOAD = `#!/bin/sh
# Written by fleet; changes here are overwritten.
set -eu
nginx -t -q
main=$(cat /run/nginx.pid)
old=$(ps -o pid= --ppid "$main" || true)
trap 'rm -f ${NGINX_PATHS.closing}' EXIT
touch ${NGINX_PATHS.closing}
sleep 1
kill -HUP "$main"
for try in $(seq 100); do
  accepting=0
  for worker in $old; do
    [ ! -e "/proc/$worker" ] || grep -qs 'shutting down' "/proc/$worker/cmdline" || accepting=1
  done
  [ "$accepting" = 1 ] || exit 0
  sleep 0.1
done
echo 'nginx goes on with its old configuration:' >&2
tail -n 5 /var/log/nginx/error.log >&2
exit 1
`

const DROP_IN = `# Written by fleet; changes here are overwritten.
[Service]
Restart=always
RestartSec=200ms
ExecReload=
ExecReload=${NGINX_PATHS.reload}
`

/** A file whose new content is laid out for nginx before it takes its place. */
const slotsKind = (service: string): Kind<FileWanted, PathSeen> => ({
  ...fileKind,
  name: `nginx slots of ${service}`,
  act: ({ content }) => [
    { title: `lay out the slots of ${service}`, script: layoutCommand(service).text, stdin: content },
  ],
})

/** The maintenance pages of services, by name: nginx reads them for each request. */
export const nginxPages = (pages: ReadonlyMap<string, string>): readonly Resource[] => [
  directory({ path: NGINX_PATHS.pages, mode: 0o755 }),
  ...[...pages].map(([service, content]) =>
    file({ path: `${NGINX_PATHS.pages}/${service}.html`, content, mode: 0o644 }),
  ),
]

/** What a host needs to be an nginx in front of these services. No slot changes. */
export function nginxResources(
  services: readonly ProxiedService[],
  config: string,
  certificate: Secret,
  pages: ReadonlyMap<string, string>,
): readonly Resource[] {
  // After the new configuration: what serves is said anew in its terms, in case a host has another address.
  const settle = services.map(({ name }) => `( ${setCommand(name, '').text}\n) >/dev/null`)
  const reload: Handler = {
    id: 'reload nginx',
    script: ['systemctl reload-or-restart nginx', ...settle].join('\n'),
  }
  const notify = [reload]
  return [
    packages(['nginx', 'curl', 'procps', 'iproute2']),
    directory({ path: '/usr/local/lib/fleetfile', mode: 0o755 }),
    file({ path: NGINX_PATHS.reload, content: RELOAD, mode: 0o755 }),
    file({
      path: '/etc/systemd/system/nginx.service.d/fleetfile.conf',
      content: DROP_IN,
      parents: true,
      notify: [daemonReload],
    }),
    file({ path: NGINX_CERTIFICATE, content: certificate, mode: 0o600, notify }),
    ...nginxPages(pages),
    ...services.map(service => ({
      id: `nginx slots ${service.name}`,
      kind: slotsKind(service.name),
      wanted: fileWanted({ path: `${nginxHome(service.name)}/slots`, content: slotLines(service, 'nginx') }),
      notify,
    })),
    file({ path: NGINX_PATHS.config, content: config, check: sh`nginx -t -q -c "$1"`, notify }),
    unit({ name: 'nginx.service', enabled: true, active: true }),
  ]
}
