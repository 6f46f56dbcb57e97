import { quote } from '../shell/quote.ts'
import { rawShell, type Command } from '../shell/sh.ts'

/**
 * One script that reads everything the status table shows of a host, as `key<TAB>value` lines. Changes nothing; what is
 * not installed says nothing.
 */
export function statusProbe(services: readonly string[]): Command {
  const releases = services.map(service => {
    const current = quote(`/srv/${service}/current`)
    return [
      `if [ -L ${current} ]; then`,
      `  printf 'release\\t%s %s %s %s\\n' ${quote(service)} "$(basename "$(readlink ${current})")" \\`,
      `    "$(stat -c %Y ${current})" "$(cat ${current}/.fleetfile-release)"`,
      'fi',
    ].join('\n')
  })
  return rawShell(
    [
      `printf 'load\\t%s\\n' "$(cut -d' ' -f1 /proc/loadavg)"`,
      `printf 'cores\\t%s\\n' "$(nproc)"`,
      `printf 'disk\\t%s\\n' "$(df -P / | awk 'NR==2{print $5}')"`,
      `printf 'failed\\t%s\\n' "$(systemctl --failed --no-legend --plain | awk '{print $1}' | tr '\\n' ' ')"`,
      ...releases,
      `if command -v supervisorctl >/dev/null; then supervisorctl status | awk '{print "program\\t" $1 " " $2}'; fi`,
      'if command -v docker >/dev/null; then',
      `  docker ps -a --filter label=fleetfile.service --format '{{.Label "fleetfile.service"}} {{.Label "fleetfile.slot"}} {{.Label "fleetfile.release"}} {{.State}}' | sed 's/^/container\\t/'`,
      'fi',
      'true',
    ].join('\n'),
  )
}
