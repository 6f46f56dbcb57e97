/** Seconds between two pings, about. */
const PING = 2
/** Seconds that the database may take to answer one. */
const ANSWER = 3
/** Seconds after the sending of the last answered ping at which the command is told to end, whatever the reason. */
const LATE = 9
/** Seconds after the same at which what still lives of it is killed. */
const DEAD = 12
/** Seconds after the last ping that the database saw before anybody else may start. */
const DELAY = 15
/** Fifths of a second that what an ended command left behind has for its own end. */
const LEFT = 10

/**
 * The program that lets a command run on one host of the fleet at a time. A session of PostgreSQL holds an advisory
 * lock; a row says which holder it is (its fence, one more each time), since when, when it was last seen, and
 * whether it ended cleanly. The timing argument, all of it in seconds since the last ping that was answered was sent:
 * the database sees that ping at 0 or later and writes down its own time; the next one goes out by
 * ANSWER + PING + 1 = 6 and has no answer by 9 = LATE, so that the command is told to end by 9 and killed by 12 = DEAD.
 * Nobody starts before the database's clock says seen + 15 = DELAY, unless the holder said itself that all of its
 * processes are gone. So it does not matter how the session went: by a dead host, a cut network, a killed psql, or a
 * restart of the database, which forgets its locks. The lock of a host that died is let go by idle_session_timeout.
 *
 * What stands still as a whole (a paused machine, a suspended laptop) cannot end anything: when it goes on, the command
 * goes on with it until this program, which wakes up beside it, sees the clock and kills it at once. For those
 * moments there is FLEETFILE_FENCE, a number that only grows: whatever the command writes to can refuse a lower one
 * than it has seen.
 *
 * The command's processes are those of its group and those with its mark, FLEETFILE_ONCE, in their environment:
 * `timeout` and `setsid` make groups of their own. What takes the mark off and makes a group (sudo) is not found.
 */
export const runOnce = (): string => `#!/bin/sh
# Managed by fleetfile. Usage: run-once <key> keep|skip <command> [argument ...]
# keep waits until no other host runs the command; skip leaves it to the host that was first.
set -u
key=$1 mode=$2
read -r _ _ _ _ group _ <"/proc/$$/stat"
# A group of its own: what is signalled is the command with all its children, and nobody else.
[ "$group" -eq "$$" ] || exec setsid "$0" "$@"
shift 2
trap '' PIPE
trap 'exit 0' TERM INT
lock=$(printf %s "$key" | sha256sum | cut -c1-15)
lock=$((0x$lock))
host=$(uname -n | tr -cd 'A-Za-z0-9._-')
slot= turn=true
if [ "$mode" = skip ]; then
  slot=$(date -u +%Y-%m-%dT%H:%M)
  turn="o.slot <> '$slot'"
fi
psql= told= locked= answer=

say() { echo "run-once $key: $*" >&2; }
clock() { read -r now _ </proc/uptime; now=\${now%.*}; }

# One line of answer within the limit. Nothing: the session is gone, or hangs.
ask() {
  printf '%s\\n' "$1" >&3 2>/dev/null || return 1
  answer=$(timeout ${ANSWER} head -n 1 <&4)
  [ -n "$answer" ]
}

# psql has a session of its own: a signal to the command's group must not end it before the command.
connect() {
  pipes=$(mktemp -d) && mkfifo "$pipes/in" "$pipes/out" || return 1
  PGCONNECT_TIMEOUT=${ANSWER} PGAPPNAME="run-once $key" setsid psql -XqAtw <"$pipes/in" >"$pipes/out" 3>&- 4<&- &
  psql=$!
  exec 3>"$pipes/in" 4<"$pipes/out"
  rm -rf "$pipes"
  locked=
  # Servers before 14 know no idle_session_timeout: there only TCP finds out that a host is dead.
  ask "SET client_min_messages = fatal; SET statement_timeout = '${ANSWER}s'; SET idle_session_timeout = '${DELAY}s';
SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 2; SET tcp_user_timeout = '${DELAY}s';
SET client_min_messages = warning; SELECT 'ready';" || return 1
  # The last column is younger than the first tables.
  ask "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('fleetfile_once') AND attname = 'since';" || return 1
  [ "$answer" = 1 ] || ask "CREATE TABLE IF NOT EXISTS fleetfile_once (key text PRIMARY KEY, fence bigint NOT NULL,
host text NOT NULL, clean boolean NOT NULL, seen timestamptz NOT NULL, slot text NOT NULL);
ALTER TABLE fleetfile_once ADD COLUMN IF NOT EXISTS since timestamptz; SELECT 'ready';"
}

disconnect() {
  [ -n "$psql" ] || return 0
  exec 3>&- 4<&-
  kill "$psql" 2>/dev/null
  wait "$psql" 2>/dev/null
  psql=
}

# Gives the new fence, "done" when this turn was another host's, "wait" while a holder may still be ending its command.
claim() {
  ask "WITH claim AS (INSERT INTO fleetfile_once AS o VALUES ('$key', 1, '$host', false, clock_timestamp(), '$slot', clock_timestamp())
ON CONFLICT (key) DO UPDATE SET fence = o.fence + 1, host = excluded.host, clean = false, seen = excluded.seen, slot = excluded.slot, since = excluded.since
WHERE (o.clean OR o.seen < clock_timestamp() - interval '${DELAY} s') AND $turn RETURNING fence)
SELECT coalesce((SELECT fence::text FROM claim), (SELECT 'done' FROM fleetfile_once o WHERE key = '$key' AND NOT ($turn)), 'wait');"
}

# Only while the row still has our fence.
note() {
  ask "WITH note AS (UPDATE fleetfile_once SET seen = clock_timestamp(), clean = $1 WHERE key = '$key' AND fence = $fence
RETURNING 1) SELECT coalesce((SELECT 'ok' FROM note), 'gone');" && [ "$answer" = ok ]
}

marked() { grep -lzxF "$mark" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3; }

# The living processes of the command: those of our group but this one, and those away from it with our mark.
others() {
  away=" $(marked | tr '\\n' ' ')" group=
  for stat in /proc/[0-9]*/stat; do
    read -r line 2>/dev/null <"$stat" || continue
    set -- "\${line%% *}" \${line##*) }
    [ "$4" = "$$" ] && [ "$2" != Z ] && [ "$1" != "$$" ] || continue
    group="$group $1"
    case $away in *" $1 "*) away="\${away%% $1 *} \${away#* $1 }" ;; esac
  done
  away=\${away# }
  others="$group $away"
  [ -n "\${others# }" ]
}

# What is forked while it is killed is found the next time; what was forked or started anew while we looked, in the second look.
kill_others() { while others || { sleep 0.1; others; }; do kill -KILL $others 2>/dev/null; sleep 0.1; done; }

# Whoever kills us kills our group: this lives on in a session of its own to end what is away from it.
outlive() {
  setsid sh -c 'while kill -0 "$2"; do sleep 1; done
while others=$(grep -lzxF "$1" /proc/[0-9]*/environ | cut -d/ -f3); [ -n "$others" ]; do kill -KILL $others; sleep 0.1; done
' run-once "$mark" "$$" </dev/null >/dev/null 2>&1 3>&- 4<&- &
}

lose() {
  trap '' TERM
  say "$1: ending the command"
  [ "$now" -ge $((good + ${DEAD})) ] || ! others || kill -TERM $others 2>/dev/null
  while [ "$now" -lt $((good + ${DEAD})) ] && others; do sleep 0.2; clock; done
  kill_others
  exit 75
}

hold() {
  clock
  good=$now
  # Nothing was asked since the claim, but time may have passed.
  note false || return 1
  mark="FLEETFILE_ONCE=$key $fence $$"
  # Who stops us signals the whole group: the command ends its work, and this program after it.
  # What is away from the group hears it from us.
  stopped=
  trap 'stopped=yes; (others; [ -z "$away" ] || kill -TERM $away)' TERM INT
  outlive
  say "runs here, fence $fence"
  (
    trap - TERM INT PIPE
    FLEETFILE_FENCE=$fence
    FLEETFILE_ONCE=\${mark#*=}
    export FLEETFILE_FENCE FLEETFILE_ONCE
    exec setpriv --pdeathsig KILL "$@"
  ) 3>&- 4<&- </dev/null &
  child=$!
  # A shell ends at once when it is stopped, what it started may have work to end; who stops us sets the limit.
  while kill -0 "$child" 2>/dev/null || { [ -n "$stopped" ] && others; }; do
    sleep 1
    clock
    [ $((now - good)) -ge ${PING} ] || continue
    [ $((now - good)) -lt ${LATE} ] || lose "no ping for $((now - good)) s"
    asked=$now
    note false || { clock; lose 'the database does not answer for us'; }
    good=$asked
  done
  wait "$child"
  code=$?
  ! others || kill -TERM $others 2>/dev/null
  left=0
  while [ "$left" -lt ${LEFT} ] && others; do sleep 0.2; left=$((left + 1)); done
  kill_others
  note true
  exit "$code"
}

while :; do
  if connect; then
    while :; do
      if [ -z "$locked" ]; then
        ask "SELECT pg_try_advisory_lock($lock);" || break
        [ "$answer" != t ] || locked=yes
      fi
      if [ -n "$locked" ]; then
        claim || break
        case $answer in
        wait) ;;
        done) exit 0 ;;
        *)
          fence=$answer
          hold "$@"
          break
          ;;
        esac
      elif [ "$mode" = skip ]; then
        exit 0
      fi
      [ -n "$told" ] || say 'waits: it runs on another host, or ran there a moment ago'
      told=yes
      sleep 1
    done
  fi
  trap 'exit 0' TERM INT
  disconnect
  [ "$mode" = keep ] || { say 'no database to ask whose turn it is'; exit 1; }
  sleep 3
done
`
