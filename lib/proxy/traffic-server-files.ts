import { TRAFFIC_SERVER_PATHS } from './traffic-server-paths.ts'
import { ASK } from './traffic-server-state.ts'

const { config, lua } = TRAFFIC_SERVER_PATHS
const HEAD = '# Written by fleet; changes here are overwritten.\n'

/** Where Traffic Server finds its key and certificate, both in one file. */
export const TRAFFIC_SERVER_CERTIFICATE = `${config}/fleet.pem`

/** Debian starts Traffic Server as it installs it, with a configuration of its own: not before ours is there. */
const CONDITION = `ConditionPathExists=${TRAFFIC_SERVER_CERTIFICATE}`

/** systemd keeps the ports open, so that whoever comes while Traffic Server starts anew waits, and is not refused. */
export const SOCKET = `${HEAD}[Unit]
Description=The ports of Traffic Server
${CONDITION}
[Socket]
ListenStream=0.0.0.0:80
ListenStream=[::]:80
ListenStream=0.0.0.0:443
ListenStream=[::]:443
BindIPv6Only=ipv6-only
Backlog=4096
[Install]
WantedBy=sockets.target
`

/** The same ports in Traffic Server's words: systemd gives them as 3 and what follows. */
export const PORTS = '80:fd=3 80:ipv6:fd=4 443:ssl:fd=5 443:ipv6:ssl:fd=6'

const TABLE = 'fleetfile_trafficserver'

export const DROP_IN = `${HEAD}[Unit]
Requires=trafficserver.socket
After=trafficserver.socket
${CONDITION}
[Service]
Sockets=trafficserver.socket
Restart=always
RestartSec=200ms
KillMode=mixed
LimitNOFILE=65536
ExecStop=-${TRAFFIC_SERVER_PATHS.drain}
ExecStopPost=-/usr/sbin/nft delete table inet ${TABLE}
ExecStartPost=-${TRAFFIC_SERVER_PATHS.reload} started
ExecReload=
ExecReload=${TRAFFIC_SERVER_PATHS.reload}
`

/** Where requests go is the program's; the rest are Traffic Server's own files, as short as they can be. */
export const SMALL_FILES: ReadonlyMap<string, string> = new Map([
  ['plugin.config', `${HEAD}tslua.so --enable-reload --states=32 ${lua}\n`],
  ['remap.config', HEAD],
  [
    'ssl_multicert.config',
    `${HEAD}dest_ip=* ssl_cert_name=${TRAFFIC_SERVER_CERTIFICATE} ssl_key_name=${TRAFFIC_SERVER_CERTIFICATE}\n`,
  ],
  [
    'ip_allow.yaml',
    `${HEAD}ip_allow:
  - apply: in
    ip_addrs: [0/0, ::/0]
    action: deny
    methods: [CONNECT, PUSH, TRACE]
`,
  ],
  [
    'logging.yaml',
    `${HEAD}logging:
  formats:
    - name: fleet
      format: '%<cqts> %<ttms> %<chi> %<crc> %<pssc> %<psql> %<shi> %<sssc> "%<cqtx>" "%<{User-Agent}cqh>"'
  logs:
    - filename: access
      format: fleet
      mode: ascii
`,
  ],
])

/** Says whether Traffic Server takes a file ("$2") under a name ("$1") among the others that are there. */
export const CHECK = `#!/bin/sh
${HEAD}set -eu
aside=$(mktemp -d); trap 'rm -rf "$aside"' EXIT
find ${config} -maxdepth 1 -type f -exec cp {} "$aside/" \\;
case $1 in
  lua) cp "$2" "$aside/fleet.lua"; echo "tslua.so --states=1 $aside/fleet.lua" >"$aside/plugin.config";;
  records.config)
    ! grep -nvE '^(#.*|(CONFIG|LOCAL) proxy[.][a-zA-Z0-9_.]+ (INT|FLOAT|STRING) .+|)$' "$2" >&2 || exit 1
    cp "$2" "$aside/$1";;
  *) cp "$2" "$aside/$1";;
esac
[ -e "$aside/fleet.pem" ] || : >"$aside/ssl_multicert.config"
[ -e ${lua} ] || [ "$1" = lua ] || : >"$aside/plugin.config"
chown -R trafficserver:trafficserver "$aside"
said=$(PROXY_CONFIG_CONFIG_DIR=$aside traffic_server -C verify_config 2>&1) || { printf '%s\\n' "$said" >&2; exit 1; }
case $said in *ERROR*|*Emergency*) printf '%s\\n' "$said" >&2; exit 1;; esac
`

/** Comes to an end when Traffic Server itself runs the program that is there, in each of its states. */
export const RELOAD = `#!/bin/sh
${HEAD}set -eu
want=$(md5sum <${lua} | cut -d ' ' -f 1)
if [ "\${1:-}" != started ]; then
  touch ${config}/ssl_multicert.config
  traffic_ctl config reload
fi
${ASK}
for try in $(seq 150); do
  same=0
  for each in $(seq 32); do
    ask '' || break
    [ "$answer" = "version $want" ] || break
    same=$each
  done
  [ "$same" != 32 ] || exit 0
  sleep 0.1
done
echo 'Traffic Server goes on with its old program:' >&2
tail -n 5 /var/log/trafficserver/diags.log >&2
exit 1
`

/**
 * Traffic Server accepts connections until it exits, whatever it is told: those would be cut off. So who comes now is not
 * heard for as long, and knocks again by itself, which the kernel does after one and three seconds; all others are told
 * to come anew with their next answer. It ends when no slot was asked for a second, and what is still under way after five
 * is cut off.
 */
export const DRAIN = `#!/bin/sh
${HEAD}set -eu
nft -f - <<'RULES'
table inet ${TABLE} {
  chain input {
    type filter hook input priority -10;
    iifname != "lo" tcp dport { 80, 443 } tcp flags & (fin | syn | rst | ack) == syn drop
  }
}
RULES
traffic_ctl server drain
open() {
  for slots in ${TRAFFIC_SERVER_PATHS.home}/*/slots; do
    ss -Htn state established "( $(awk '$1 != "check" { printf "%sdst %s", separator, $2; separator = " or " }' "$slots") )"
  done | wc -l
}
quiet=0
for try in $(seq 50); do
  [ "$(open)" = 0 ] && quiet=$((quiet + 1)) || quiet=0
  [ "$quiet" -lt 10 ] || break
  sleep 0.1
done
sleep 0.2
`
