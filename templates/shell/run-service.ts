import { text } from '../../lib/index.ts'

/**
 * The program that starts everything a service runs: with the service's environment, in its live release. Supervisor,
 * cron and migrations use the same one, so that all of them see the same environment, and none has it in its argv.
 */
export const runService = (): string => text`#!/bin/sh
# Managed by fleetfile. Usage: run-service <service> <command> [argument ...]
set -eu
service=$1
shift
release=$(readlink -f "\${FLEETFILE_RELEASE_DIR:-/srv/$service/current}")
set -a
. "/etc/fleetfile/$service/\${release##*/}.env"
set +a
cd "$release"
exec "$@"
`
