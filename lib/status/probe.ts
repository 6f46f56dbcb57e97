import { QUARANTINE } from '../rollout/quarantine.ts'
import { quote } from '../shell/quote.ts'
import { rawShell, type Command } from '../shell/sh.ts'

/** A slot's container in one line; the time is like `2026-11-22 13:48:05 +0000 UTC`, the label may hold blanks. */
const CONTAINER = [
  '{{.Label "fleetfile.service"}}',
  '{{.Label "fleetfile.slot"}}',
  '{{.Label "fleetfile.release"}}',
  '{{.State}}',
  '{{.CreatedAt}}',
  '{{.Label "fleetfile.label"}}',
].join(' ')

/**
 * One script that reads everything the status table shows of a host, and `more`, as `key<TAB>value` lines. Changes
 * nothing; what is not installed says nothing.
 */
export function statusProbe(services: readonly string[], more: readonly Command[] = []): Command {
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
      // The fullest of the file systems that releases and state are written to.
      `printf 'disk\\t%s\\n' "$(df -P / /srv /var/lib 2>/dev/null | awk 'NR>1{print $5}' | sort -n | tail -n 1)"`,
      `printf 'failed\\t%s\\n' "$(systemctl --failed --no-legend --plain | awk '{print $1}' | tr '\\n' ' ')"`,
      ...releases,
      ...more.map(({ text }) => text),
      `cat ${QUARANTINE}/*.json 2>/dev/null | sed 's/^/quarantine\\t/'`,
      `if command -v supervisorctl >/dev/null; then supervisorctl status | awk '{print "program\\t" $1 " " $2}'; fi`,
      'if command -v docker >/dev/null; then',
      // Whatever runs an image of a service, such as its migration, inherits the other labels.
      `  docker ps -a --filter label=fleetfile.slot --format '${CONTAINER}' | sed 's/^/container\\t/'`,
      'fi',
      'true',
    ].join('\n'),
  )
}
