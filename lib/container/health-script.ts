import { isIP } from 'node:net'
import type { EngineName } from '../fleet/container-model.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'

/** What is asked of a slot, as the proxy will ask it. */
export interface HealthProbe {
  /** What is asked, for people: a container, or a service on a whole host. */
  readonly what: string
  /**
   * Prints `<status> <exit code> <killed for memory> <restarts> <pid>` of the program, and when it started where that is
   * known; `missing 0 false 0 0` for none.
   */
  readonly state: Command
  /** Prints the names of its variables after a line `== env`, where they are known, and its last lines after `== logs`. */
  readonly said: Command
  /** What an operator runs on the host to read on. */
  readonly logs: string
  /** What its sockets are in: `the container`. */
  readonly inside: string
  readonly address: string
  readonly port: number
  readonly path: string
  /** The first of the service's names: programs that check their host name answer others with an error. */
  readonly name: string
  /** Seconds to wait at most. */
  readonly seconds: number
}

/** Code that keeps the names of an environment on stdin, never a value: `NAME`, or `NAME=` for one that is empty. */
export const VARIABLE_NAMES = String.raw`sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*=\)$/\1/p; s/^\([A-Za-z_][A-Za-z0-9_]*\)=..*/\1/p'`

/** The state of a container in a probe's form, with the time of its start. */
export const containerState = (engine: EngineName, container: string): Command =>
  sh`seen=$(${engine} container inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.RestartCount}} {{.State.Pid}} {{json .State.StartedAt}}' ${container} 2>/dev/null) || seen='missing 0 false 0 0'
echo "$seen"`

/** Prints which variables a container has, and the end of what it said: since "$since" where that is known. */
export const envAndLogs = (engine: EngineName, container: string): Command =>
  sh`c=${container}
echo '== env'; ${engine} container inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$c" 2>/dev/null | ${rawShell(VARIABLE_NAMES)}
echo '== logs'
logs() { ${engine} logs --tail 40 "$@" "$c" 2>&1; }
said=$([ -z "\${since-}" ] || logs --since "$since")
if [ -n "$said" ]; then printf '%s\n' "$said"; else logs; fi`

/**
 * Waits on the host itself, in one execution, until the slot answers 200, its program has ended, or the time is up;
 * then prints what there is to know, each item after a line `== name`. Changes nothing.
 */
export function healthCommand({
  state,
  said,
  address,
  port,
  path,
  name,
  seconds,
}: Omit<HealthProbe, 'what' | 'inside' | 'logs'>): Command {
  const url = `http://${isIP(address) === 6 ? `[${address}]` : address}:${port}${path}`
  return sh`set -u
url=${url}; until=$(( $(date +%s) + ${seconds} ))
command -v curl >/dev/null || { echo '== curl missing'; exit 0; }
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
while :; do
  code=$(curl --silent --output "$d/body" --dump-header "$d/head" --max-time 5 --write-out '%{http_code}' \
    --header ${`Host: ${name}`} --header 'X-Forwarded-Proto: https' --user-agent fleetfile-health "$url"); rc=$?
  [ "$code" != 200 ] || { echo '== code 200'; exit 0; }
  state=$(${rawShell(state.text)})
  case $state in exited*|dead*|missing*|restarting*) break;; esac
  [ "$(date +%s)" -lt "$until" ] || break
  sleep 0.3
done
echo "== code $code"; echo "== curl $rc"; echo "== state $state"
echo "== location $(tr -d '\r' <"$d/head" 2>/dev/null | sed -n 's/^[Ll]ocation: //p' | head -n 1)"
echo "== body $(head -c 400 "$d/body" 2>/dev/null | tr '\r\n' '  ')"
pid=$(echo "$state" | cut -d' ' -f5); since=$(echo "$state" | cut -d' ' -f6 | tr -d '"')
[ "$pid" = 0 ] || { echo '== sockets'; cat "/proc/$pid/net/tcp" "/proc/$pid/net/tcp6" 2>/dev/null; }
${rawShell(said.text)}`
}
