import { text } from '../../lib/index.ts'

export interface RunLive {
  /** Where it stands which services are live on this host. It is gone after a boot. */
  readonly folder: string
}

/**
 * The program that lets a command run on the live host of a pair alone. A service's file says something while fleet has
 * seen at the proxies that this host serves, since it booted: a host that comes back after traffic went elsewhere starts
 * nothing. The command and all that it starts hold the file's lock, so that whoever empties it can wait for their end.
 */
export const runLive = ({ folder }: RunLive): string => text`#!/bin/sh
# Managed by fleetfile. Usage: run-live <service> keep|skip <command> [argument ...]
# keep waits until this host is the live one; skip does nothing where it is not.
set -u
file=${folder}/$1 mode=$2
shift 2
may() { [ -s "$file" ] && exec 9<"$file" && flock -s -n 9 && [ -s "$file" ]; }
until may; do
  [ "$mode" = keep ] || exit 0
  exec 9<&-
  sleep 1
done
exec "$@"
`
