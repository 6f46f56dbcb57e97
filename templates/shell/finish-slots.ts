import { text } from '../../lib/index.ts'

/**
 * Stops slots that have been warm for long enough. A swap writes down, under its lease, which slot has lost its traffic
 * and until when it stays: `<service>/<slot>.finish` with the time, the container's id, the engine, the seconds that its
 * program has to end, and the port that it listens on. Whoever sends traffic there again takes the file away first.
 */
export const finishSlots = (): string => text`#!/bin/sh
# Managed by fleetfile. Run every few minutes.
set -u
state=\${FLEETFILE_STATE:-/var/lib/fleetfile}/services
leases=\${FLEETFILE_RUN:-/run/fleetfile}
umask 077

# Connections that somebody has to the port, in the container's own network.
connections() {
  pid=$("$engine" container inspect --format '{{.State.Pid}}' "$name") || return
  cat "/proc/$pid/net/tcp" "/proc/$pid/net/tcp6" 2>/dev/null |
    awk -v port="$(printf '%04X' "$1")" '$4 == "01" { split($2, at, ":"); if (at[2] == port) n++ } END { print n + 0 }'
}

finish() {
  # Under the lease: a run may have taken the file away.
  read -r until id engine seconds port <"$1" 2>/dev/null || return 0
  now=$(date +%s)
  [ "$now" -ge "$until" ] || return 0
  found=$("$engine" container inspect --format '{{.Id}} {{.State.Running}}' "$name" 2>/dev/null)
  last=$(tail -n 1 "\${1%/*}/history.jsonl" 2>/dev/null)
  case $last in *"\\"slot\\":\\"$slot\\""*) found='serves' ;; esac
  if [ "$found" != "$id true" ]; then rm -f "$1"; return 0; fi
  open=$(connections "$port")
  # A day is enough for any stream.
  if [ "$open" -gt 0 ] && [ "$now" -lt "$((until + 86400))" ]; then return 0; fi
  printf '%s\\n' "finish@$(hostname)" - "stops $name" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$lease"
  "$engine" stop --time "$seconds" "$name" >/dev/null && rm -f "$1" && echo "stopped $name, $open connections cut"
  : >"$lease"
}

mkdir -p "$leases"
for due in "$state"/*/*.finish; do
  [ -f "$due" ] || continue
  slot=\${due##*/}; slot=\${slot%.finish}
  service=\${due%/*}; service=\${service##*/}
  name=$service-$slot lease=$leases/$service.lease
  # Somebody else's turn: the next time will do.
  ( flock -n 9 || exit 0; finish "$due" ) 9>>"$lease"
done
`
