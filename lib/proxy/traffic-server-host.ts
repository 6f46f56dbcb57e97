import { daemonReload } from '../resource/handlers.ts'
import { directory } from '../resource/kinds/directory.ts'
import { file, fileKind, fileWanted, type FileWanted } from '../resource/kinds/file.ts'
import { packages } from '../resource/kinds/packages.ts'
import { unit } from '../resource/kinds/unit.ts'
import type { PathSeen } from '../resource/paths.ts'
import type { Handler, Kind, Resource } from '../resource/resource.ts'
import type { ProxiedService } from '../provision/container-hosts.ts'
import type { Secret } from '../shell/secret.ts'
import { sh, type Command } from '../shell/sh.ts'
import { slotLines } from './slot-lines.ts'
import {
  CHECK,
  DRAIN,
  DROP_IN,
  RELOAD,
  SMALL_FILES,
  SOCKET,
  TRAFFIC_SERVER_CERTIFICATE,
} from './traffic-server-files.ts'
import { TRAFFIC_SERVER_PATHS, trafficServerHome } from './traffic-server-paths.ts'
import { layoutCommand } from './traffic-server-state.ts'

const UNIT = 'trafficserver.service'

/** A file whose new content is laid out before it takes its place. */
const slotsKind = (service: string): Kind<FileWanted, PathSeen> => ({
  ...fileKind,
  name: `Traffic Server slots of ${service}`,
  act: ({ content }) => [
    { title: `lay out the slots of ${service}`, script: layoutCommand(service).text, stdin: content },
  ],
})

/** The maintenance pages of services, by name: Traffic Server reads them for each request. */
export const trafficServerPages = (pages: ReadonlyMap<string, string>): readonly Resource[] => [
  directory({ path: TRAFFIC_SERVER_PATHS.pages, mode: 0o755 }),
  ...[...pages].map(([service, content]) =>
    file({ path: `${TRAFFIC_SERVER_PATHS.pages}/${service}.html`, content, mode: 0o644 }),
  ),
]

const restarted: Handler = {
  id: 'restart trafficserver',
  script: `systemctl daemon-reload; systemctl enable trafficserver.socket
if ! systemctl is-active --quiet trafficserver.socket; then systemctl stop ${UNIT}; systemctl start trafficserver.socket; fi
systemctl restart ${UNIT}`,
}
const reload: Handler = {
  id: 'reload trafficserver',
  // One that is not set up yet, or does not run, is started with all of it anyway.
  script: `! systemctl is-active --quiet trafficserver.socket || ! systemctl is-active --quiet ${UNIT} || systemctl reload ${UNIT}`,
}

const checked = (name: string): Command => sh`${TRAFFIC_SERVER_PATHS.check} ${name} "$1"`

export interface TrafficServerFiles {
  readonly services: readonly ProxiedService[]
  readonly records: string
  readonly lua: string
  readonly certificate: Secret
  /** By service. */
  readonly pages: ReadonlyMap<string, string>
}

/** What a host needs to be a Traffic Server in front of these services. No slot changes. */
export function trafficServerResources({
  services,
  records,
  lua,
  certificate,
  pages,
}: TrafficServerFiles): readonly Resource[] {
  const { config, home, check } = TRAFFIC_SERVER_PATHS
  return [
    // Before the package, which starts its service.
    file({
      path: '/etc/systemd/system/trafficserver.socket',
      content: SOCKET,
      notify: [daemonReload, restarted],
    }),
    file({
      path: `/etc/systemd/system/${UNIT}.d/fleetfile.conf`,
      content: DROP_IN,
      parents: true,
      notify: [daemonReload, restarted],
    }),
    packages(['trafficserver', 'curl', 'iproute2', 'nftables']),
    directory({ path: '/usr/local/lib/fleetfile', mode: 0o755 }),
    directory({ path: home, mode: 0o755 }),
    file({ path: check, content: CHECK, mode: 0o755 }),
    file({ path: TRAFFIC_SERVER_PATHS.drain, content: DRAIN, mode: 0o755 }),
    file({ path: TRAFFIC_SERVER_PATHS.reload, content: RELOAD, mode: 0o755 }),
    file({
      path: TRAFFIC_SERVER_CERTIFICATE,
      content: certificate,
      mode: 0o640,
      group: 'trafficserver',
      notify: [reload],
    }),
    ...trafficServerPages(pages),
    ...services.map(service => ({
      id: `Traffic Server slots ${service.name}`,
      kind: slotsKind(service.name),
      wanted: fileWanted({
        path: `${trafficServerHome(service.name)}/slots`,
        content: slotLines(service, 'Traffic Server'),
      }),
      notify: [],
    })),
    file({ path: TRAFFIC_SERVER_PATHS.lua, content: lua, check: checked('lua'), notify: [reload] }),
    ...[...SMALL_FILES].map(([name, content]) =>
      file({ path: `${config}/${name}`, content, check: checked(name), notify: [restarted] }),
    ),
    file({
      path: `${config}/records.config`,
      content: records,
      check: checked('records.config'),
      notify: [restarted],
    }),
    unit({ name: UNIT, enabled: true, active: true }),
  ]
}
