import { createHash } from 'node:crypto'

/** Where a container of a swarm finds what it is started with. */
export const IN_CONTAINER = {
  script: '/run/fleetfile/start',
  environment: '/run/secrets/fleetfile-environment',
} as const

/**
 * The first program in each container. `run` fills in the environment, which comes as a file, and becomes the image's own
 * program. `health` asks that program as the proxy does, with whatever the image has to ask with; where it has nothing,
 * the proxy's own check is the only one. POSIX sh.
 */
export const START_SCRIPT = `case $1 in
run)
  shift
  while IFS= read -r line || [ -n "$line" ]; do [ -z "$line" ] || export "$line"; done <${IN_CONTAINER.environment}
  exec "$@";;
health)
  port=$2; path=$3; name=$4
  if command -v curl >/dev/null; then
    [ "$(curl -s -o /dev/null -m 4 -w '%{http_code}' -H "Host: $name" -H 'X-Forwarded-Proto: https' -A fleetfile-health "http://127.0.0.1:$port$path")" = 200 ]
  elif command -v bash >/dev/null; then
    port=$port path=$path name=$name exec timeout 4 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
      printf "GET %s HTTP/1.1\\r\\nHost: %s\\r\\nX-Forwarded-Proto: https\\r\\nUser-Agent: fleetfile-health\\r\\nConnection: close\\r\\n\\r\\n" "$path" "$name" >&3
      read -r _ code _ <&3; [ "$code" = 200 ]'
  elif command -v wget >/dev/null; then
    wget -q -O /dev/null -T 4 --header "Host: $name" --header 'X-Forwarded-Proto: https' "http://127.0.0.1:$port$path"
  fi || exit 1;;
esac
`

/** Configs of a swarm cannot be changed: another text has another name. */
export const startScriptName = (): string =>
  `fleetfile-start-${createHash('sha256').update(START_SCRIPT).digest('hex').slice(0, 12)}`
