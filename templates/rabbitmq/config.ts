import { text } from '../../lib/index.ts'

/** rabbitmq.conf: AMQP on this host and on the fleet's own address. */
export const rabbitmqConfig = ({
  address,
}: {
  readonly address: string
}): string => text`# Managed by fleetfile.
listeners.tcp.local = 127.0.0.1:5672
listeners.tcp.fleet = ${address}:5672
`

/** rabbitmq-env.conf: Erlang's own ports, which need no password, stay on the loopback. */
export const rabbitmqEnvironment = (): string => text`# Managed by fleetfile.
NODENAME=rabbit@localhost
ERL_EPMD_ADDRESS=127.0.0.1
SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
`

/** systemd drop-in: Debian starts Erlang's port mapper through a socket of its own, which listens everywhere. */
export const epmdSocket = (): string => text`# Managed by fleetfile.
[Socket]
ListenStream=
ListenStream=127.0.0.1:4369
`
