import { text } from '../../lib/index.ts'

export interface BootLive {
  /** Where it stands which services are live on this host. It is gone after a boot. */
  readonly folder: string
  /** Where it stands which were live here when it went down. */
  readonly state: string
  /** How the other host is asked, all but its port and address: `ssh -i ...`. */
  readonly ssh: string
}

/**
 * Goes on after a boot with what was live on a host of a pair when it went down, once the other host says that it has none
 * of it. That one gives nobody else leave until this one has acted, so an answer that came late counts for nothing. While
 * the other host is silent nothing begins: it may have taken over.
 */
export const bootLive = ({ folder, state, ssh }: BootLive): string => text`#!/bin/sh
# Managed by fleetfile. Usage: boot-live <service> <port> <address of the other host>
set -u
umask 022
service=$1 port=$2 other=$3
file=${folder}/$service mark=${state}/$service
now() { cut -d. -f1 /proc/uptime; }
# Input of a question: it ends with the connection, once the answer was acted on, or when it has held for long enough.
listen() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    sleep 1
    [ ! -e "$file" ] && echo 2>/dev/null || return
  done
}
decide() {
  answer=
  read -r answer
  [ "$(($(now) - $1))" -lt 8 ] || answer=late
  case $answer in
    # A link is never made over a file that fleet has written meanwhile.
    free) [ -e "$mark" ] && echo live >"$file.boot" && ln "$file.boot" "$file" && echo "$service goes on here" ;;
    live) [ -e "$file" ] || rm -f "$mark"; echo "$service runs on $other by now" ;;
  esac
  rm -f "$file.boot"
  [ -n "$answer" ]
}
mkdir -p ${folder} || exit 1
told=
while [ -e "$mark" ] && [ ! -e "$file" ]; do
  listen | ${ssh} -p "$port" -- "$other" "$service" | decide "$(now)" ||
    [ -n "$told" ] || { told=yes; echo "waiting for $other to say that $service does not run there"; }
  [ -e "$file" ] || [ ! -e "$mark" ] || sleep 2
done
`
