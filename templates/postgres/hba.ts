import { text } from '../../lib/index.ts'

/** pg_hba.conf: the superuser through the socket, everybody else with a password and only from the fleet. */
export const postgresHba = ({
  clients,
}: {
  readonly clients: readonly string[]
}): string => text`# Managed by fleetfile.
local   all  postgres                    peer
local   all  all                         scram-sha-256
host    all  all       127.0.0.1/32      scram-sha-256
host    all  all       ::1/128           scram-sha-256
${clients.map(client => `host    all  all       ${client}/${client.includes(':') ? 128 : 32}  scram-sha-256\n`).join('')}`
