/**
 * Says whom apt's locks belong to and waits until they are free, five minutes at most: unattended-upgrades and cloud-init
 * hold them for a while on a fresh host. After that apt itself decides. The kernel names a lock by its file's inode.
 */
const PATIENCE = `apt_holder() {
  for lock in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock; do
    inode=$(stat -c %i "$lock" 2>/dev/null) || continue
    holder=$(awk -v inode="$inode" '$2 == "POSIX" { n = split($6, at, ":"); if (at[n] == inode) { print $5; exit } }' /proc/locks)
    [ -z "$holder" ] || return 0
  done
  return 1
}
apt_free() {
  waited=0 last=
  while [ $waited -lt 300 ] && apt_holder; do
    if [ "$holder" != "$last" ] || [ $((waited % 30)) -eq 0 ]; then
      name=$(cat "/proc/$holder/comm" 2>/dev/null) || name=
      echo "waiting for apt: $lock is held by process $holder (\${name:-unknown}), for $waited s so far"
      last=$holder
    fi
    sleep 2
    waited=$((waited + 2))
  done
}`

/**
 * apt-get as it must be called where nobody answers: waits for other runs of it and says so, keeps changed
 * configuration files. Its pipelining is off, since it waits for ever when a proxy closes the connection between two
 * requests. Gives the shell function `apt`.
 */
export const APT = `export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
options='-y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 -o Acquire::http::Pipeline-Depth=0'
options="$options -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
${PATIENCE}
apt() { apt_free; apt-get $options "$@"; }
[ -z "$(ls -A /var/lib/dpkg/updates 2>/dev/null)" ] || { apt_free; dpkg --configure -a; }`

/**
 * The function `refresh`, which fetches the lists, its arguments being apt-get's; after `APT`. DPkg::Lock::Timeout does
 * not cover the lists' own lock, so the update waits for that by itself; a mirror that hangs is given up after three
 * minutes and asked again.
 */
export const REFRESH = `refresh() {
  for try in 1 2 3 4 5 6; do
    code=0
    apt_free
    said=$(timeout -k 10 180 apt-get $options "$@" update 2>&1) || code=$?
    if [ $code -eq 0 ]; then printf '%s\\n' "$said" | tail -n 1; return; fi
    case $code:$said in 124:* | 137:*) ;; *"Could not get lock"*) sleep 10 ;; *) break ;; esac
  done
  printf '%s\\n' "$said"
  return 1
}
fresh() { [ -n "$(find /var/lib/apt/lists /var/lib/apt/lists/partial -maxdepth 0 -mmin -1440 2>/dev/null)" ]; }`
