import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FleetEvent } from '../../lib/events/event.ts'
import { applyResources } from '../../lib/resource/apply.ts'
import * as kinds from '../../lib/resource/kinds/index.ts'
import type { Resource } from '../../lib/resource/resource.ts'
import { Secret } from '../../lib/shell/secret.ts'
import { sh } from '../../lib/shell/sh.ts'
import { DockerTransport } from '../support/docker-transport.ts'
import { labContainer } from '../support/lab-container.ts'
import { applyTo } from './apply-to.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0nF0xk0w0Z5Qm1xq0pYp1r3k5m6n7o8p9q0r1s2t3u ops'

/** Every kind, in an order in which a new host can take them. */
const everything = (password: string): readonly Resource[] => [
  kinds.packages(['cron', 'supervisor', 'nftables', 'postgresql', 'rabbitmq-server']),
  kinds.absentPackages(['nano']),
  kinds.user({ name: 'deploy', groups: ['sudo', 'adm'] }),
  kinds.user({ name: 'app', system: true, home: '/srv/app' }),
  kinds.directory({ path: '/srv/app/data', mode: 0o750, owner: 'app' }),
  kinds.file({
    path: '/srv/app/env',
    content: new Secret('env', `PASSWORD=${password}\n`),
    mode: 0o600,
    owner: 'app',
  }),
  kinds.file({
    path: '/etc/sudoers.d/deploy',
    content: 'deploy ALL=(ALL) NOPASSWD: ALL\n',
    mode: 0o440,
    check: sh`visudo -cf "$1"`,
  }),
  kinds.absentFile('/etc/nologin.old'),
  kinds.symlink({ path: '/srv/app/current', target: 'data' }),
  kinds.authorizedKeys({ user: 'deploy', keys: [KEY, `from="10.0.0.0/8" ${KEY}`] }),
  kinds.cron({
    name: 'tick',
    schedule: '*/5 * * * *',
    user: 'app',
    command: 'date +%F >/dev/null',
    env: { TOKEN: new Secret('token', password) },
  }),
  kinds.journald({ maxUse: '200M', days: 30 }),
  kinds.sysctl({
    name: 'net',
    values: { 'net.core.somaxconn': 2048, 'net.ipv4.tcp_rmem': '4096 131072 6291456' },
  }),
  kinds.sysctl({ name: 'odd', values: { 'vm.no_such_key': 1 }, ifPossible: true }),
  kinds.swapFile({ mebibytes: 64 }),
  kinds.unitFile({
    name: 'sleeper',
    content: '[Service]\nExecStart=/bin/sleep 100000\n[Install]\nWantedBy=multi-user.target\n',
  }),
  kinds.unit({ name: 'sleeper', enabled: true, active: true }),
  kinds.unit({ name: 'nftables', enabled: true }),
  kinds.unit({ name: 'no-such-thing', enabled: false, active: false }),
  kinds.supervisorProgram({
    name: 'worker',
    command: 'sleep 100000',
    user: 'app',
    processes: 2,
    env: { TOKEN: new Secret('token', password), PLAIN: '50%' },
  }),
  kinds.nftables({
    sshPort: 22,
    ports: [{ port: 80 }, { port: 5432, from: ['10.0.0.0/8', '10.1.0.0/16', 'fd00::/8'] }],
  }),
  kinds.postgresRole({ name: 'app', password: new Secret('db', password), createdb: true }),
  kinds.postgresDatabase({ name: 'app', owner: 'app' }),
  kinds.rabbitmqVhost('app'),
  kinds.rabbitmqUser({ name: 'sync', password: new Secret('mq', password), tags: ['monitoring'] }),
  kinds.rabbitmqPermission({ user: 'sync', vhost: 'app', read: '^jobs' }),
  kinds.rabbitmqAbsentUser('guest'),
]

const lab = labContainer('t-res-kinds')

describe.skipIf(lab === undefined)('every kind on a host with systemd', () => {
  let host: DockerTransport
  const events: FleetEvent[] = []
  const apply = (resources: readonly Resource[]) =>
    applyTo(host, resources, { emit: event => events.push(event) })

  beforeAll(async () => {
    if (lab) host = await lab.start()
  })
  afterAll(() => lab?.stop())

  test(
    'comes up from nothing in two executions, and is left alone in one',
    { timeout: 600_000 },
    async () => {
      const first = await apply(everything('hunter2-äx'))
      expect(first.changes.map(({ resource }) => resource)).toContain('RabbitMQ permission sync on app')
      expect(first.notes).toEqual([
        'sysctl odd: not here: vm.no_such_key',
        'swap /swapfile: no swap file here: container',
      ])
      expect(host.cost.executions).toBe(2)
      const second = await apply(everything('hunter2-äx'))
      expect(second.changes).toEqual([])
      expect(host.cost.executions).toBe(3)
    },
  )

  test('what was made works', () => {
    expect(host.run('systemctl is-active sleeper; systemctl is-enabled sleeper')).toBe('active\nenabled\n')
    expect(host.run('supervisorctl status')).toMatch(/worker_00 +RUNNING[^]*worker_01 +RUNNING/)
    expect(
      host.run("tr '\\0' '\\n' </proc/$(supervisorctl pid worker_00)/environ | grep -e TOKEN -e PLAIN"),
    ).toBe('TOKEN=hunter2-äx\nPLAIN=50%\n')
    expect(host.run('PGPASSWORD=hunter2-äx psql -h 127.0.0.1 -U app -Atc "select 1" app')).toBe('1\n')
    expect(host.run('LC_ALL=C.UTF-8 rabbitmqctl authenticate_user sync hunter2-äx')).toContain('Success')
    expect(host.run('stat -c "%a %U" /etc/cron.d/tick /home/deploy/.ssh/authorized_keys /srv/app/env')).toBe(
      '600 root\n600 deploy\n600 app\n',
    )
    expect(host.run('cat /proc/sys/net/core/somaxconn')).toBe('2048\n')
  })

  test('another password is seen and set, by its own two resources alone', { timeout: 60_000 }, async () => {
    const resources = everything('other-one').filter(({ id }) => /role|RabbitMQ user sync/.test(id))
    const report = await apply(resources)
    expect(report.changes.map(({ resource, detail }) => `${resource}: ${detail}`)).toEqual([
      'PostgreSQL role app: another password',
      'RabbitMQ user sync: another password',
    ])
    expect(host.run('PGPASSWORD=other-one psql -h 127.0.0.1 -U app -Atc "select 1" app')).toBe('1\n')
    expect(host.run('rabbitmqctl authenticate_user sync other-one')).toContain('Success')
    expect(host.run('grep -rc SCRAM /var/log/postgresql || :')).toMatch(/:0\n/)
  })

  test('one more process leaves the others running', { timeout: 60_000 }, async () => {
    const before = host.run('supervisorctl pid worker_00')
    await apply([
      kinds.supervisorProgram({
        name: 'worker',
        command: 'sleep 100000',
        user: 'app',
        processes: 3,
        env: { TOKEN: 'x', PLAIN: '50%' },
      }),
    ])
    const changed = host.run('supervisorctl pid worker_00')
    expect(changed).not.toBe(before)
    await apply([
      kinds.supervisorProgram({
        name: 'worker',
        command: 'sleep 100000',
        user: 'app',
        processes: 1,
        env: { TOKEN: 'x', PLAIN: '50%' },
      }),
    ])
    expect(host.run('supervisorctl pid worker_00')).toBe(changed)
    expect(host.run('supervisorctl status')).not.toContain('worker_01')
  })

  test('the firewall replaces its own table only, and comes back when it is gone', async () => {
    host.run('nft add table ip theirs')
    host.run('nft delete table inet fleetfile')
    const report = await apply([
      kinds.nftables({
        sshPort: 22,
        ports: [{ port: 80 }, { port: 5432, from: ['10.0.0.0/8', '10.1.0.0/16', 'fd00::/8'] }],
      }),
    ])
    expect(report.changes.map(({ detail }) => detail)).toEqual(['rules are not loaded'])
    expect(host.run('nft list tables')).toMatch(/ip theirs[^]*inet fleetfile/)
    expect(host.run('nft list chain inet fleetfile input')).toContain('tcp dport 22 accept')
  })

  test('a login with sudo sees and changes the same', { timeout: 60_000 }, async () => {
    const login = new DockerTransport('t-res-kinds', { user: 'deploy' })
    const options = { root: true, runId: 'run-2', owner: 'deploy', emit: () => undefined }
    const resources = everything('other-one').filter(({ id }) => /role|user|file|authorized/.test(id))
    expect(
      (await applyResources(login, resources, { ...options, mode: 'apply' })).changes.map(
        ({ resource }) => resource,
      ),
    ).toEqual(['file /srv/app/env'])
    expect((await applyResources(login, resources, { ...options, mode: 'plan' })).changes).toEqual([])
  })

  test('without root, a login changes what is its own', async () => {
    const login = new DockerTransport('t-res-kinds', { user: 'deploy' })
    const options = {
      mode: 'apply' as const,
      root: false,
      runId: 'run-3',
      owner: 'deploy',
      emit: () => undefined,
    }
    const mine = { content: 'x', owner: 'deploy' }
    await applyResources(login, [kinds.file({ path: '/home/deploy/x', ...mine })], options)
    expect(host.run('stat -c %U /home/deploy/x; ls /home/deploy/.local/state/fleetfile')).toBe(
      'deploy\naudit.jsonl\ngeneration\nlock\nruns\n',
    )
    await expect(applyResources(login, [kinds.file({ path: '/etc/x', ...mine })], options)).rejects.toThrow(
      'Permission denied',
    )
  })

  test('what was made is removed, data only when that is said', { timeout: 120_000 }, async () => {
    host.run('runuser -u postgres -- psql -qd app -c "create table kept ()"')
    await expect(apply([kinds.absentPostgresDatabase({ name: 'app' })])).rejects.toThrow(
      'database app holds 1 tables: dump it, then say withData',
    )
    const gone: readonly Resource[] = [
      kinds.absentPostgresDatabase({ name: 'app', withData: true }),
      kinds.absentPostgresRole('app'),
      kinds.rabbitmqAbsentPermission({ user: 'sync', vhost: 'app' }),
      kinds.rabbitmqAbsentVhost({ name: 'app' }),
      kinds.rabbitmqAbsentUser('sync'),
      kinds.absentNftables(),
      kinds.absentSysctl('net'),
      kinds.absentJournald(),
      kinds.absentSwapFile(),
      kinds.unit({ name: 'sleeper', masked: false, enabled: false, active: false }),
      kinds.unit({ name: 'cron', masked: true }),
      kinds.absentDirectory({ path: '/srv/app', recursive: true }),
    ]
    const report = await apply(gone)
    expect(report.changes.map(({ resource }) => resource)).not.toContain('swap /swapfile')
    expect(report.changes).toHaveLength(gone.length - 1)
    expect((await apply(gone)).changes).toEqual([])
    expect(host.run('nft list tables; systemctl is-enabled cron || :')).not.toMatch(/fleetfile|enabled/)
  })

  test('no secret is in any event', () => {
    expect(JSON.stringify(events)).not.toMatch(/hunter2|other-one|SCRAM/)
  })
})
