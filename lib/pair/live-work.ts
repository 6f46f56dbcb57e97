import { programPattern } from './programs.ts'
import type { PairService } from '../fleet/pair-model.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'

/** Where it stands which services are live on a host. In memory: a host that has booted does not know. */
export const LIVE = '/run/fleetfile-live'

/** Where it stands what was live on a host when it went down, and home of the login by which the other one asks. */
export const LIVE_STATE = '/var/lib/fleetfile-live'

/** The login by which the other host of a pair asks. Its key can do nothing else. */
export const LIVE_USER = 'fleet-live'

/** It is there while a service's live work is on this host, over reboots. */
const markFile = (service: string): string => `${LIVE_STATE}/${service}`

/** Held shared by who answers the other host, until that one has acted on it, and alone by who brings live work here. */
export const answerLock = (service: string): string => `${markFile(service)}.lock`

/** Seconds for which an answer to the other host may hold, and somewhat more. */
const ANSWER_SECONDS = 20

/** Seconds that it may take to bring live work to a host. */
export const WORK_SECONDS = ANSWER_SECONDS + 15

/** Something is in it while the service's live work may run on this host; whatever of it runs holds its lock. */
export const liveFile = (service: string): string => `${LIVE}/${service}`

/** Seconds that jobs may take to end on a host that has lost the traffic, before they are told to. */
const JOB_SECONDS = 20

/** Shell code that succeeds where live work may run, or still does although it may not. */
export const worksTest = (service: string): string => {
  const file = liveFile(service)
  return sh`[ -s ${file} ] || { [ -e ${file} ] && ! flock -n -x ${file} true; }`.text
}

/**
 * Notes that a service's live work belongs on the host: from now on it tells the other one that it may not go on with it
 * after a boot, and one that was told that it may has begun by now.
 */
export const claimCommand = (service: string): Command => sh`umask 022; mkdir -p ${LIVE_STATE} || exit 1
( flock -x -w ${ANSWER_SECONDS} 9 && echo live >${markFile(service)} ) 9>${answerLock(service)}`

/** Lets a service's live work run on the host. Programs that wait for it begin within a second. */
export const workCommand = (service: string): Command =>
  sh`{ ${rawShell(claimCommand(service).text)}; } || echo 'after a boot it will not come back by itself' >&2
mkdir -p ${LIVE} && { [ -s ${liveFile(service)} ] || echo live >${liveFile(service)}; }`

/**
 * Ends a service's live work on the host, and returns when none of it runs: nothing more begins, programs get their time
 * to end, jobs a while before they are told to. Prints `killed <pid>` for what did not hear. Fails while anything still runs.
 */
export function restCommand(service: string, { programs = {} }: Pick<PairService, 'programs'>): Command {
  const live = Object.entries(programs).flatMap(([name, spec]) => (spec.live === true ? [name] : []))
  const restart =
    live.length === 0
      ? ''
      : // They come back and wait.
        sh`own=$(supervisorctl status 2>/dev/null | awk -v own=${programPattern(service, live)} '$1 ~ own && $2 != "STOPPED" { print $1 }')
[ -z "$own" ] || supervisorctl restart $own >&2`.text
  return sh`set -u
umask 022
file=${liveFile(service)}
# What has booted asks whether it may go on only while this file is missing.
rm -f ${markFile(service)}; mkdir -p ${LIVE} && exec 9<>"$file" || exit 1
${rawShell(worksTest(service))} || exit 0
: >"$file"
${rawShell(restart)}
holders() { find /proc/[0-9]*/fd -lname "$file" 2>/dev/null 9<&- | cut -d/ -f3 | sort -u | grep -vx $$; }
flock -x -w ${JOB_SECONDS} 9 && exit 0
kill -TERM $(holders) 2>/dev/null
flock -x -w 10 9 && exit 0
for pid in $(holders); do kill -KILL "$pid" 2>/dev/null && echo "killed $pid"; done
flock -x -w 5 9 || { echo 'what is live does not end' >&2; exit 1; }`
}

/** Seconds that it may take in all. */
export const restSeconds = ({ programs = {} }: Pick<PairService, 'programs'>): number =>
  Object.values(programs)
    .filter(({ live }) => live === true)
    .reduce(
      (sum, { count = 1, stopSeconds = 10, startSeconds = 2 }) =>
        sum + count * (stopSeconds + startSeconds + 5),
      0,
    ) +
  JOB_SECONDS +
  45
