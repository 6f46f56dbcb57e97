import { text } from '../../lib/index.ts'

/** PostgreSQL drop-in: listens to this host and to the fleet's own address, nothing else. */
export const postgresListen = ({
  address,
}: {
  readonly address: string
}): string => text`# Managed by fleetfile.
listen_addresses = 'localhost, ${address}'
password_encryption = 'scram-sha-256'
# A dead client's session must not hold its locks for two hours.
tcp_keepalives_idle = 30
tcp_keepalives_interval = 10
tcp_keepalives_count = 3
`
