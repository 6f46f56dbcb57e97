import { text } from '../../lib/index.ts'

export interface AnswerLive {
  /** Where it stands which services are live on this host. It is gone after a boot. */
  readonly folder: string
  /** Where it stands which were live here when it went down. */
  readonly state: string
}

/**
 * What a host of a pair answers the other one, which has booted and asks whether it may go on with what was live there. It
 * says `live` when that runs here, `claimed` when it belongs here or is being brought here, `free` else; then nothing is
 * brought here until the other one has heard that, or hangs up.
 */
export const answerLive = ({ folder, state }: AnswerLive): string => text`#!/bin/sh
# Managed by fleetfile. The only command of the other host's key; what it sends names a service.
set -u
service=\${SSH_ORIGINAL_COMMAND-}
case $service in '' | *[!a-z0-9-]*) exit 2 ;; esac
file=${folder}/$service mark=${state}/$service
exec 8<"$mark.lock" || exit 1
flock -s -n 8 || { echo claimed; exit 0; }
if [ -s "$file" ] || { [ -e "$file" ] && ! flock -x -n "$file" true 8<&-; }; then echo live; exit 0; fi
if [ -e "$mark" ]; then echo claimed; exit 0; fi
echo free
# The lock is held for as long as the other host listens.
timeout 15 cat >/dev/null
`
