import type { EngineName } from '../fleet/container-model.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { KEY_SECONDS, SHIP_HOME, SHIP_USER, SPOOL, STALE_MINUTES, type PieceName } from './spool.ts'

/** A piece, and how much of it the host has already and may keep. */
export interface PieceWanted extends PieceName {
  readonly have: number
}

/** Where another host is reached by its fellows. */
export interface PieceSource {
  readonly address: string
  readonly port: number
}

/** To whom a host gives its pieces on, until its client lets go. */
export interface Opening {
  /** `ssh-ed25519 AAAA...` */
  readonly publicKey: string
  /** Addresses. */
  readonly from: readonly string[]
  readonly run: string
}

/** How one host comes to an image. */
export interface ReceiveOrder {
  readonly service: string
  readonly engine: EngineName
  readonly tag: string
  readonly pieces: readonly PieceWanted[]
  /** Another host; else the bytes that are missing come on stdin. */
  readonly source?: PieceSource
  readonly opening?: Opening
}

/** Why the script ended, by its exit code. */
export const RECEIVED = { cut: 20, unreached: 21, damaged: 22, refused: 23, busy: 25, full: 28 } as const

/**
 * Appends what comes to the pieces, each up to its size, and tells how far it is. With a source, the client's stdin is
 * descriptor 3, whose end ends it: nobody waits for the pieces any more.
 */
const COPY = `use strict; use warnings; $| = 1;
my ($dir, $watch, @plan) = @ARGV; my ($done, $told) = (0, 0);
for (@plan) { $done += (split /:/)[2] }
my $mask = ''; vec($mask, 0, 1) = 1; vec($mask, 3, 1) = 1 if $watch;
open(my $client, '<&=', 3) if $watch;
sub full { print STDERR "$_[0]: $!\\n"; exit($!{ENOSPC} || $!{EDQUOT} ? ${RECEIVED.full} : 1) }
for (@plan) {
  my ($name, $size, $have) = split /:/;
  open(my $out, '>>', "$dir/$name") or full("$dir/$name");
  while ($have < $size) {
    select(my $ready = $mask, undef, undef, undef);
    exit ${RECEIVED.cut} if $watch && vec($ready, 3, 1) && !sysread($client, my $word, 1024);
    next unless vec($ready, 0, 1);
    my $got = sysread(STDIN, my $data, $size - $have < 262144 ? $size - $have : 262144);
    exit ${RECEIVED.cut} unless $got;
    for (my $put = 0; $put < $got;) { $put += syswrite($out, $data, $got - $put, $put) // full("$dir/$name") }
    $have += $got; $done += $got;
    if ($done - $told >= 1048576) { print "fleet: at $done\\n"; $told = $done }
  }
  close($out) or full("$dir/$name");
}
print "fleet: at $done\\n";`

/** The only command that the one-time key may run. Its arguments are the folder and the pieces that may be read. */
const SERVE = `#!/bin/sh
set -euf
folder=$1; shift
for want in \${SSH_ORIGINAL_COMMAND:-}; do
  for piece in "$@"; do
    from=\${want#"$piece:"}
    case $from in ''|*[!0-9]*) continue ;; esac
    tail -c "+$((from + 1))" "$folder/$piece"
  done
done
`

/** Shell functions of the login for other hosts: \`keys\` takes expired ones and ours away, and adds one. */
const loginScript = (
  service: string,
  run: string,
) => sh`home=${SHIP_HOME}; shared=${`${SHIP_HOME}/pieces/${service}`}; run=${run}
keys() (
  umask 022; exec 7>>"$home/lock"; flock 7; cd "$home/.ssh" || exit 1
  { [ ! -f authorized_keys ] || awk -v now="$(date +%s)" -v run="$run" '$NF > now && $(NF-1) != run' authorized_keys
    [ -z "$1" ] || printf '%s\\n' "$1"; } >authorized_keys.new && mv authorized_keys.new authorized_keys
)`

/** `share <pieces>`: lets other hosts fetch them, with the key, by the address. */
const shareScript = ({ publicKey, from }: Opening): Command => {
  const options = `restrict,from="${from.join(',')}"`
  const rest = rawShell(
    `",command=\\"$home/serve $shared $*\\",expiry-time=\\"$(date -d "@$until" +%Y%m%d%H%M%S)\\" "`,
  )
  return sh`share() {
  getent passwd ${SHIP_USER} >/dev/null || useradd --system --user-group --no-create-home --home-dir "$home" --shell /bin/sh --password '*' ${SHIP_USER} || return 1
  ( umask 022; mkdir -p "$home/.ssh" "$home/pieces" && printf %s ${SERVE} >"$home/serve.new" && chmod 0755 "$home/serve.new" && mv "$home/serve.new" "$home/serve" ) || return 1
  rm -rf "$shared"; mkdir -p "$shared" && chgrp ${SHIP_USER} "$shared" && chmod 0750 "$shared" || return 1
  for piece; do
    ln "$spool/$piece" "$shared/$piece" && chgrp ${SHIP_USER} "$shared/$piece" && chmod 0640 "$shared/$piece" || return 1
  done
  until=$(( $(date +%s) + ${KEY_SECONDS} ))
  keys ${options}${rest}${publicKey}" $run $until"
}`
}

/**
 * The beginning of every script of a ship: nobody else writes to the service's spool, leftovers are gone, and the spool is
 * emptied in the end, whatever the end is, unless it is to be kept (`keep`).
 */
export const spoolScript = (service: string, opening: Opening | undefined): Command =>
  sh`set -u; umask 077; export LC_ALL=C
spool=${`${SPOOL}/${service}`}; t=; tried=; opened=; keep=1
fail() { printf '%s\\n' "$2" >&2; exit "$1"; }
${loginScript(service, opening?.run ?? '-')}
${opening === undefined ? rawShell('') : shareScript(opening)}
leave() {
  trap '' HUP TERM INT PIPE
  [ -z "$t" ] || rm -rf "$t"
  [ -z "$tried" ] || { keys ''; rm -rf "$shared"; }
  [ -n "$keep" ] || find . -maxdepth 1 -type f ! -name lock -delete
}
mkdir -p "$spool" || fail ${RECEIVED.full} "cannot make $spool"
exec 8>>"$spool/lock"; flock -w 30 8 || fail ${RECEIVED.busy} 'another run still writes there'
cd "$spool" || exit 1
trap leave EXIT; trap 'exit ${RECEIVED.cut}' HUP TERM INT PIPE
sweep() {
  find ${SPOOL} -type f ! -name lock -mmin +${STALE_MINUTES} -delete
  [ ! -d "$home/pieces" ] || find "$home/pieces" -type f -mmin +${STALE_MINUTES} -delete
  [ ! -f "$home/.ssh/authorized_keys" ] || keys ''
}`

const fetchScript = (order: ReceiveOrder): Command => {
  const plan = order.pieces.map(({ digest, bytes, have }) => `${digest}:${bytes}:${have}`)
  const copy = sh`perl -e ${COPY} "$spool"`
  if (order.source === undefined) return sh`${copy} 0 ${plan}; code=$?`
  const { address, port } = order.source
  const asked = order.pieces.filter(({ bytes, have }) => have < bytes)
  const options = [
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    'GlobalKnownHostsFile=/dev/null',
    'HostKeyAlias=source',
    'ConnectTimeout=5',
    'ServerAliveInterval=5',
    'ControlPath=none',
  ].flatMap(option => ['-o', option])
  return sh`command -v ssh >/dev/null || fail ${RECEIVED.unreached} 'there is no ssh client'
t=$(mktemp -d /run/fleet-ship.XXXXXXXX) || exit 1
IFS= read -r word && printf %s "$word" | base64 -d >"$t/key" && IFS= read -r word && printf %s "$word" | base64 -d >"$t/known" || exit ${RECEIVED.cut}
unset word; exec 3<&0
ssh -F /dev/null -i "$t/key" -o "UserKnownHostsFile=$t/known" ${options} -p ${port} -l ${SHIP_USER} -- ${address} ${asked.map(({ digest, have }) => `${digest}:${have}`).join(' ')} </dev/null 3<&- 8>&- 2>"$t/said" | ${copy} 1 ${plan}; code=$?
if [ "$code" = ${RECEIVED.cut} ] && [ "$(held)" = "$before" ]; then
  fail ${RECEIVED.unreached} "$(grep -v '^Warning:' "$t/said" | tail -n 1)"
fi
rm -rf "$t"; t=`
}

/**
 * Brings pieces into the host's spool, from stdin or from another host, checks them, gives them on where it is told to,
 * and loads the image. A spool that is cut off stays, to go on from; every other end removes it. What it says:
 * `fleet: at <bytes>`, `fleet: have <piece> <bytes>`, `fleet: held <1 when it gives them on>`, `fleet: image <id> <layers>`. A host that gives pieces on does so
 * until its stdin ends, so that nothing stays open when its client is gone.
 */
export function receiveScript(order: ReceiveOrder): Command {
  const { service, pieces, tag, engine } = order
  const files = pieces.map(({ digest }) => digest)
  const touched = rawShell(
    pieces.map(({ digest, have }) => sh`truncate -s ${have} ${digest} && touch ${digest}`.text).join(' && ') +
      ` || { keep=; fail ${RECEIVED.full} 'no room for a file'; }`,
  )
  return sh`${spoolScript(service, order.opening)}
${touched}
sweep
held() { stat -c %s ${files}; }
before=$(held)
${fetchScript(order)}
case $code in 0) ;; ${RECEIVED.cut}) stat -c 'fleet: have %n %s' ${files}; fail "$code" 'cut off' ;; *) keep=; exit "$code" ;; esac
printf '%s\\n' ${pieces.map(({ digest }) => `${digest}  ${digest}`)} | sha256sum --check --status || { keep=; fail ${RECEIVED.damaged} 'what arrived is not what was sent'; }
keep=
${rawShell(order.opening === undefined ? '' : `tried=1; share ${files.join(' ')} && opened=1\n`)}echo "fleet: held \${opened:-0}"
said=$(cat ${files} | gzip -dc | ${engine} load --quiet 2>&1) || {
  case $said in *'no space left'*) fail ${RECEIVED.full} "$said" ;; esac
  fail ${RECEIVED.refused} "$said"
}
${engine} image inspect --format 'fleet: image {{.Id}} {{json .RootFS.Layers}}' ${tag} || exit ${RECEIVED.refused}
[ -z "$opened" ] || cat >/dev/null`
}
