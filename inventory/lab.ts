import { defineFleet } from '../lib/index.ts'

const database = {
  PGHOST: { addressOf: 'db1' },
  PGUSER: 'app',
  PGDATABASE: 'app',
  PGPASSWORD: { secret: 'database-password' },
} as const

const queue = {
  AMQP_HOST: { addressOf: 'db1' },
  AMQP_USER: 'app',
  AMQP_VHOST: 'sync',
  AMQP_PASSWORD: { secret: 'queue-password' },
} as const

/** The default fleet: seven VPS-like machines on this computer, running the sample service. */
export default defineFleet({
  name: 'lab',
  provider: 'lab',
  access: { user: 'deploy' },
  secrets: ['database-password', 'queue-password'],
  roles: {
    lb: {
      ports: [
        { port: 80, from: 'anywhere' },
        { port: 443, from: 'anywhere' },
      ],
    },
    web: {
      ports: [
        { port: 8001, from: ['lb'] },
        { port: 8002, from: ['lb'] },
      ],
    },
    sync: {},
    database: {
      ports: [
        { port: 5432, from: ['web', 'sync'] },
        { port: 5672, from: ['web', 'sync'] },
      ],
    },
  },
  hosts: {
    lb1: { role: 'lb' },
    web1: { role: 'web' },
    web2: { role: 'web' },
    sync1: { role: 'sync' },
    sync2: { role: 'sync' },
    sync3: { role: 'sync' },
    db1: { role: 'database' },
  },
  services: {
    database: {
      kind: 'processes',
      role: 'database',
      source: '../templates/sample-service',
      packages: ['python3-psycopg2', 'python3-pika'],
      postgres: {
        roles: { app: { password: 'database-password' } },
        databases: { app: { owner: 'app' } },
      },
      rabbitmq: {
        vhosts: ['sync'],
        users: { app: { password: 'queue-password', vhost: 'sync' } },
      },
      migrate: ['python3', 'migrate.py'],
      programs: { scheduler: { command: 'python3 sync_scheduler.py' } },
      cron: { stats: { schedule: '* * * * *', command: 'python3 stats_cron.py' } },
      env: { ...database, ...queue },
    },
    sync: {
      kind: 'processes',
      role: 'sync',
      source: '../templates/sample-service',
      packages: ['python3-psycopg2', 'python3-pika'],
      directories: ['/var/log/sync'],
      programs: { worker: { command: 'python3 sync_worker.py', count: 2, stopSeconds: 60 } },
      cron: { watchdog: { schedule: '* * * * *', command: 'python3 sync_watchdog.py' } },
      env: {
        ...database,
        ...queue,
        USER_SYNC_LOGS: '/var/log/sync/',
        // A real service syncs once an hour; the lab is watched for minutes.
        SYNC_INTERVAL: 5,
      },
    },
    web: {
      kind: 'container',
      role: 'web',
      source: '../templates/sample-service',
      port: 8000,
      slots: { blue: 8001, green: 8002 },
      health: '/up',
      buildArgs: { BASE: 'fleetfile-lab-root:bookworm' },
      proxy: { role: 'lb', names: ['app.lab.test'] },
      env: database,
    },
  },
  users: { kind: 'postgres', host: 'db1', database: 'app', user: 'app', password: 'database-password' },
  logs: { role: 'sync', directory: '/var/log/sync', format: 'tapiriik' },
})
