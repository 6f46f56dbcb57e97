/* Shell run inside a VPS through `docker exec`, so that it works while the VPS is cut off. Every fault is
   gone after a restart: tables, mounts and /run live no longer than the container's run. */

const DIR = '/run/fleetlab'

/** Drops everything on the way in and out, silently; loopback and containers within the VPS go on. */
export const CUT = `set -e
nft -f - <<'RULES'
table inet fleetlab_cut
delete table inet fleetlab_cut
table inet fleetlab_cut {
  chain in { type filter hook prerouting priority -400; iifname "eth0" drop; }
  chain out { type filter hook postrouting priority 400; oifname "eth0" drop; }
}
RULES
`

const UNCUT = `nft list table inet fleetlab_cut >/dev/null 2>&1 && nft delete table inet fleetlab_cut
`

const RULE = 'PREROUTING -i eth0 -j NFQUEUE --queue-num 83 --queue-bypass'

const UNSLOW = `iptables -w -t mangle -D ${RULE} 2>/dev/null
[ -e ${DIR}/slow.pid ] && kill "$(cat ${DIR}/slow.pid)" 2>/dev/null
rm -f ${DIR}/slow.*
`

/**
 * Delays what arrives; the perl script comes on stdin, the milliseconds are $1. Arriving, not leaving,
 * because a sender with packets held in its own queue is throttled to a few of them (TCP small queues).
 */
export const SLOW = `${UNSLOW}
set -e
mkdir -p ${DIR}
cat > ${DIR}/slow.pl
setsid perl ${DIR}/slow.pl 83 "$(perl -e 'print shift() / 1000' "$1")" </dev/null >${DIR}/slow.err 2>&1 &
echo $! > ${DIR}/slow.pid
echo "$1" > ${DIR}/slow.ms
sleep 0.2
kill -0 "$(cat ${DIR}/slow.pid)" 2>/dev/null || { cat ${DIR}/slow.err >&2; exit 1; }
iptables -w -t mangle -A ${RULE}
`

const UNFILL = `for under in ${DIR}/full/*/under; do
  [ -d "$under" ] || continue
  path=$(cat "\${under%/under}/path")
  rm -f "$path/.fleetlab-full"
  find "$under" -mindepth 1 -delete
  cp -a "$path/." "$under/"
  umount -l "$path"
  umount -l "$under"
  rm -rf "\${under%/under}/path" && rmdir "$under" "\${under%/under}"
done
`

/**
 * Puts a copy of each directory onto a tmpfs that has no room left but $1 bytes. The disk itself, which
 * is this machine's, is never filled.
 */
export const FILL = `${UNFILL}
set -e
leave=$1; shift
n=0
for path; do
  n=$((n + 1)); at=${DIR}/full/$n
  mkdir -p "$path" "$at/under"
  mount --bind "$path" "$at/under"
  mount -t tmpfs -o "mode=$(stat -c %a "$path"),uid=$(stat -c %u "$path"),gid=$(stat -c %g "$path")" fleetlab-full "$path"
  printf '%s' "$path" > "$at/path"
  cp -a "$at/under/." "$path/"
  # size=0 would mean no limit at all: there is always one page in use.
  head -c 4096 /dev/zero > "$path/.fleetlab-full"
  used=$(df -B1 --output=used "$path" | tail -n 1)
  mount -o "remount,size=$((used + leave))" "$path"
done
`

/** Undoes cut, slow and fill. */
export const HEAL = `${UNCUT}${UNSLOW}${UNFILL}true
`

/** Prints one word a line for each fault: \`cut\`, \`slow 100\`, \`full /srv\`. */
export const STATUS = `nft list table inet fleetlab_cut >/dev/null 2>&1 && echo cut
[ -e ${DIR}/slow.ms ] && echo "slow $(cat ${DIR}/slow.ms)"
for path in ${DIR}/full/*/path; do [ -e "$path" ] && echo "full $(cat "$path")"; done
true
`
