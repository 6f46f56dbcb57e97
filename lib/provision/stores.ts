import type { ProcessService } from '../fleet/model.ts'
import { file } from '../resource/kinds/file.ts'
import { packages } from '../resource/kinds/packages.ts'
import { postgresDatabase } from '../resource/kinds/postgres-database.ts'
import { postgresRole } from '../resource/kinds/postgres-role.ts'
import {
  rabbitmqAbsentUser,
  rabbitmqPermission,
  rabbitmqUser,
  rabbitmqVhost,
} from '../resource/kinds/rabbitmq.ts'
import { unit } from '../resource/kinds/unit.ts'
import type { Handler, Resource } from '../resource/resource.ts'
import type { Secret } from '../shell/secret.ts'

/** The bodies of the stores' configuration, rendered by the task from `templates/`. */
export interface StoreBodies {
  readonly postgresListen: string
  readonly postgresHba: string
  readonly rabbitmqConfig: string
  readonly rabbitmqEnvironment: string
  readonly epmdSocket: string
}

type Passwords = Readonly<Record<string, Secret>>

/** Debian 12's. */
const POSTGRES = 15

/** Restarts a unit, unless it was started after its configuration was written: a fresh install has read it already. */
const restartStale = (name: string, ...configs: readonly string[]): Handler => ({
  id: `restart ${name}`,
  script: [
    `started=$(date -d "$(systemctl show -P ActiveEnterTimestamp ${name})" +%s)`,
    `[ "$started" -gt "$(stat -c %Y ${configs.join(' ')} | sort -n | tail -n 1)" ] || systemctl restart ${name}`,
  ].join('\n'),
})

const tellPostgres = (verb: 'restart' | 'reload', version: number): Handler => ({
  id: `${verb} postgresql`,
  script: `systemctl ${verb} postgresql@${version}-main`,
})
const restartRabbitmq = restartStale(
  'rabbitmq-server',
  '/etc/rabbitmq/rabbitmq.conf',
  '/etc/rabbitmq/rabbitmq-env.conf',
)

/** A fresh install has taken the address already; otherwise the broker has to let go of the old socket. */
const moveEpmd: Handler = {
  id: 'move epmd',
  script: [
    'systemctl daemon-reload',
    "ss -Htln 'sport = :4369' | grep -qvF 127.0.0.1: || exit 0",
    'systemctl stop rabbitmq-server epmd.service epmd.socket',
    'systemctl start epmd.socket rabbitmq-server',
  ].join('\n'),
}

function postgres(
  spec: NonNullable<ProcessService['postgres']>,
  bodies: StoreBodies,
  passwords: Passwords,
): readonly Resource[] {
  const { version = POSTGRES } = spec
  const cluster = `/etc/postgresql/${version}/main`
  return [
    packages([`postgresql-${version}`]),
    file({
      path: `${cluster}/conf.d/fleetfile.conf`,
      content: bodies.postgresListen,
      mode: 0o644,
      notify: [tellPostgres('restart', version)],
    }),
    file({
      path: `${cluster}/pg_hba.conf`,
      content: bodies.postgresHba,
      mode: 0o640,
      owner: 'postgres',
      group: 'postgres',
      notify: [tellPostgres('reload', version)],
    }),
    unit({ name: 'postgresql.service', enabled: true, active: true }),
    ...Object.entries(spec.roles).map(([name, { password }]) =>
      postgresRole({ name, password: found(passwords, password) }),
    ),
    ...Object.entries(spec.databases).map(([name, { owner }]) => postgresDatabase({ name, owner })),
  ]
}

function rabbitmq(
  spec: NonNullable<ProcessService['rabbitmq']>,
  bodies: StoreBodies,
  passwords: Passwords,
): readonly Resource[] {
  return [
    // Configured before it is installed, so that its very first start already listens where it should.
    file({
      path: '/etc/rabbitmq/rabbitmq-env.conf',
      content: bodies.rabbitmqEnvironment,
      mode: 0o644,
      parents: true,
      notify: [restartRabbitmq],
    }),
    file({
      path: '/etc/rabbitmq/rabbitmq.conf',
      content: bodies.rabbitmqConfig,
      mode: 0o644,
      notify: [restartRabbitmq],
    }),
    file({
      path: '/etc/systemd/system/epmd.socket.d/10-fleetfile.conf',
      content: bodies.epmdSocket,
      mode: 0o644,
      parents: true,
      notify: [moveEpmd],
    }),
    packages(['rabbitmq-server']),
    unit({ name: 'rabbitmq-server.service', enabled: true, active: true }),
    ...spec.vhosts.map(name => rabbitmqVhost(name)),
    // The default user, whose name and password everybody knows.
    rabbitmqAbsentUser('guest'),
    ...Object.entries(spec.users).flatMap(([name, { password, vhost }]) => [
      rabbitmqUser({ name, password: found(passwords, password) }),
      rabbitmqPermission({ user: name, vhost }),
    ]),
  ]
}

function found(passwords: Passwords, name: string): Secret {
  const password = passwords[name]
  if (password === undefined) throw new TypeError(`the password ${name} was not resolved`)
  return password
}

/** The stores that a service keeps on its own hosts. */
export const storeResources = (
  service: ProcessService,
  bodies: StoreBodies,
  passwords: Passwords,
): readonly Resource[] => [
  ...(service.postgres === undefined ? [] : postgres(service.postgres, bodies, passwords)),
  ...(service.rabbitmq === undefined ? [] : rabbitmq(service.rabbitmq, bodies, passwords)),
]
